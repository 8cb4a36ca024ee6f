#include "daemon/wake_watch.h"

#include <ctime>

namespace ferry::daemon {
namespace {

Duration read(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

bool WakeWatch::woke_up() {
  const Duration before = asleep_;
  asleep_ = time_asleep();
  return asleep_ - before > std::chrono::seconds(1);
}

Duration WakeWatch::time_asleep() { return read(CLOCK_BOOTTIME) - read(CLOCK_MONOTONIC); }

}  // namespace ferry::daemon
