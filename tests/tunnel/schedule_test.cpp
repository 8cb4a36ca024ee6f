// Seeded random schedules: the same in every ordinary run. FERRY_TUNNEL_SEED is the first seed, if
// it shall be others (1 unless set), FERRY_TUNNEL_SCHEDULES how many. tests/tunnel/long plays
// others for hours.
#include "tests/tunnel/schedule.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

namespace ferry::tunnel {
namespace {

// Under sanitizers (tests/tunnel/CMakeLists.txt) each takes ten times as long, and few are played.
#ifdef FERRY_FEW_SCHEDULES
constexpr std::uint32_t kSchedules = 4'000;
#else
constexpr std::uint32_t kSchedules = 100'000;
#endif
constexpr std::uint32_t kParts = 4;  // that can be played side by side

std::uint32_t number_from(const char* variable, std::uint32_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10));
}

class ScheduleTest : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(ScheduleTest, EveryScheduleKeepsThePromises) {
  const std::uint32_t count = number_from("FERRY_TUNNEL_SCHEDULES", kSchedules) / kParts;
  const std::uint32_t first = number_from("FERRY_TUNNEL_SEED", 1) + GetParam() * count;
  std::cout << "schedules from seed " << first << " to " << first + count - 1 << '\n';
  for (std::uint32_t seed = first; seed < first + count; ++seed) {
    std::mt19937 random(seed);
    testing::Schedule schedule([&random](std::uint32_t bound) {
      return static_cast<std::uint32_t>((std::uint64_t{random()} * bound) >> 32);
    });
    ASSERT_EQ(schedule.play(150), "")
        << "again: FERRY_TUNNEL_SCHEDULES=4 FERRY_TUNNEL_SEED=" << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ScheduleTest, ::testing::Range(0U, kParts));

}  // namespace
}  // namespace ferry::tunnel
