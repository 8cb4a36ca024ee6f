#include "kube/channel_message.h"

namespace ferry::kube {

Bytes ChannelMessage::payload_of(Bytes part) {
  if (begun_ || part.empty()) return part;
  channel_ = part.front();
  begun_ = true;
  return part.subspan(1);
}

}  // namespace ferry::kube
