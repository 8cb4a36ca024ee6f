// Notices that this process didn't run for a while: the machine was asleep, or the process stopped.
//
// Looked at in steps of a known length, by a clock that goes on meanwhile: CLOCK_BOOTTIME
// (clock_gettime(2)). CLOCK_MONOTONIC, and with it every timer, stands still while the machine
// sleeps.
#pragma once

#include "base/time.h"

namespace ferry::daemon {

class WakeWatch {
 public:
  // `step`: about how long it is from one call of was_away() to the next. `now`: CLOCK_BOOTTIME.
  WakeWatch(Duration step, Duration now) : step_(step), last_(now) {}

  // True when more than a second too much passed since the last call.
  bool was_away(Duration now);

  static Duration clock();  // CLOCK_BOOTTIME, since the machine was started

 private:
  const Duration step_;
  Duration last_;
};

}  // namespace ferry::daemon
