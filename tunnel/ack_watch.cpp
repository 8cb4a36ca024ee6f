#include "tunnel/ack_watch.h"

#include <utility>

namespace ferry::tunnel {

bool AckWatch::answered(std::uint64_t acked, TimePoint now) {
  const auto asked = std::exchange(asked_, std::nullopt);
  if (!asked) return true;
  if (acked >= asked->sent) {
    owing_.reset();
    return true;
  }
  if (!owing_ || owing_->acked != acked) {
    owing_ = Owing{acked, now};
    return true;
  }
  return asked->at - owing_->since < patience_;
}

}  // namespace ferry::tunnel
