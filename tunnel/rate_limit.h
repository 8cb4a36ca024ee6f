// How often something may happen within one second.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace ferry::tunnel {

class RateLimit {
 public:
  explicit RateLimit(std::uint32_t per_second) : limit_(per_second) {}

  // Counts one more; false: too many in this second.
  bool allow(TimePoint now) {
    if (now - since_ >= std::chrono::seconds(1)) {
      since_ = now;
      count_ = 0;
    }
    return ++count_ <= limit_;
  }

  void reset() { count_ = 0; }

 private:
  const std::uint32_t limit_;
  std::uint32_t count_ = 0;
  TimePoint since_{};
};

}  // namespace ferry::tunnel
