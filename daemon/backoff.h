// How long to wait before the next attempt: nothing at first, then doubling, with jitter, so that
// many daemons that lost the same API server don't all come back in the same millisecond.
#pragma once

#include <random>

#include "base/time.h"

namespace ferry::daemon {

class Backoff {
 public:
  // Waits go from `first` (> 0) to `max`.
  Backoff(Duration first, Duration max);

  // 0 the first time after construction or reset(); then between half and all of a bound that
  // starts at `first` and doubles each time, up to `max`.
  Duration next();
  void reset();

 private:
  const Duration first_;
  const Duration max_;
  Duration bound_{};  // 0: the next attempt is the first
  std::minstd_rand random_;
};

}  // namespace ferry::daemon
