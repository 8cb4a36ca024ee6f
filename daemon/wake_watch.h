// Notices that the machine was asleep: CLOCK_BOOTTIME goes on while it sleeps, CLOCK_MONOTONIC
// doesn't (clock_gettime(2)).
#pragma once

#include "base/time.h"

namespace ferry::daemon {

class WakeWatch {
 public:
  WakeWatch() : asleep_(time_asleep()) {}

  // True when more than a second was slept through since the last call.
  bool woke_up();

 private:
  static Duration time_asleep();  // since the machine was started
  Duration asleep_;
};

}  // namespace ferry::daemon
