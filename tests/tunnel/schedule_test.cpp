// Seeded random schedules. FERRY_TUNNEL_SCHEDULES says how many, FERRY_TUNNEL_SEED which is the
// first.
#include "tests/tunnel/schedule.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

namespace ferry::tunnel {
namespace {

std::uint32_t number_from(const char* variable, std::uint32_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10));
}

TEST(ScheduleTest, EveryScheduleKeepsThePromises) {
  const std::uint32_t first = number_from("FERRY_TUNNEL_SEED", 1);
  const std::uint32_t count = number_from("FERRY_TUNNEL_SCHEDULES", 3000);
  std::cout << "seeds " << first << " to " << first + count - 1 << '\n';
  for (std::uint32_t seed = first; seed < first + count; ++seed) {
    std::mt19937 random(seed);
    testing::Schedule schedule([&random](std::uint32_t bound) {
      return static_cast<std::uint32_t>((std::uint64_t{random()} * bound) >> 32);
    });
    ASSERT_EQ(schedule.play(150), "") << "FERRY_TUNNEL_SEED=" << seed;
  }
}

}  // namespace
}  // namespace ferry::tunnel
