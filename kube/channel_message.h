// Messages of the API server's channel protocols (exec, attach, port-forward over WebSocket): the
// first byte is the channel, the rest is for it. Messages come in parts, of which a receiver may
// take less than all; what it didn't take comes again as the beginning of a part.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace ferry::kube {

class ChannelMessage {
 public:
  // What of a part is for the channel: all but the channel's byte, where the message begins.
  Bytes payload_of(Bytes part);

  // Whether the channel is known: false until the message's first byte has come.
  bool begun() const { return begun_; }
  std::uint8_t channel() const { return channel_; }

  // The last part was taken whole: the next one begins a message.
  void end() { begun_ = false; }

 private:
  bool begun_ = false;
  std::uint8_t channel_ = 0;
};

}  // namespace ferry::kube
