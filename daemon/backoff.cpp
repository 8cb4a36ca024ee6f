#include "daemon/backoff.h"

#include <algorithm>

namespace ferry::daemon {

Backoff::Backoff(Duration first, Duration max)
    : first_(first), max_(max), random_(std::random_device{}()) {}

Duration Backoff::next() {
  if (bound_ == Duration{}) {
    bound_ = first_;
    return {};
  }
  std::uniform_int_distribution<Duration::rep> spread(bound_.count() / 2, bound_.count());
  const Duration wait(spread(random_));
  bound_ = std::min(bound_ * 2, max_);
  return wait;
}

void Backoff::reset() { bound_ = {}; }

}  // namespace ferry::daemon
