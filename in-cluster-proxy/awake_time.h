// Counts time as far as this process ran: a stop of its own (SIGSTOP, a node that was suspended) is
// no time in which anybody could have come back.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace ferry::proxy {

class AwakeTime {
 public:
  // Between two looks no more than this counts, and a second for a loop that is late.
  static constexpr Duration kStep = std::chrono::seconds(5);

  explicit AwakeTime(Duration limit) : limit_(limit) {}

  void start(TimePoint now) {
    counted_ = Duration::zero();
    last_ = now;
  }

  // To be called when next_look() has passed: whether the limit is reached.
  bool look(TimePoint now) {
    counted_ += std::min<Duration>(now - last_, kStep + std::chrono::seconds(1));
    last_ = now;
    return counted_ >= limit_;
  }

  Duration next_look() const { return std::clamp(limit_ - counted_, Duration::zero(), kStep); }

 private:
  const Duration limit_;
  Duration counted_{};
  TimePoint last_{};
};

}  // namespace ferry::proxy
