#include "daemon/wake_watch.h"

#include <ctime>
#include <utility>

namespace ferry::daemon {

bool WakeWatch::was_away(Duration now) {
  const Duration passed = now - std::exchange(last_, now);
  return passed > step_ + std::chrono::seconds(1);
}

Duration WakeWatch::clock() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace ferry::daemon
