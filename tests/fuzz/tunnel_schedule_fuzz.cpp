// The input chooses operations over a pair of honest sessions: opens, data, resets, cuts, stalls,
// time. Whatever the order, the promises hold (see tests/tunnel/schedule.h).
#include <cstdio>
#include <cstdlib>

#include "tests/tunnel/schedule.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::size_t at = 0;
  const auto choose = [&](std::uint32_t bound) -> std::uint32_t {
    std::uint32_t number = at < size ? data[at++] : 0;
    if (bound > 256 && at < size) number = (number << 8 | data[at++]) * 7;
    return number % bound;
  };
  ferry::tunnel::testing::Schedule schedule(choose);
  const std::string fault = schedule.play(static_cast<int>(size < 200 ? size : 200));
  if (fault.empty()) return 0;
  std::fprintf(stderr, "promise broken: %s\n", fault.c_str());
  std::abort();
}
