// WebSocket frames without I/O: bytes from the wire in, parts of frames out (by wslay); payload in,
// masked frames out. The client's side. Included by sources of net/ only.
#pragma once

#include <wslay/wslay.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace ferry::net {

class WebSocketFramer {
 public:
  enum class Kind { kMessage, kPing, kPong, kClose };
  struct Part {
    Kind kind = Kind::kMessage;
    Bytes data;          // valid until the next call of next()
    bool first = false;  // of the message (of the frame, for a control frame)
    bool last = false;
  };

  WebSocketFramer();
  WebSocketFramer(const WebSocketFramer&) = delete;
  WebSocketFramer& operator=(const WebSocketFramer&) = delete;

  // What came from the wire; next() takes from its front.
  Bytes& input() { return input_; }
  // The next part, as small as it has come. Empty: all of input() was taken and more is needed.
  // Error: how the peer broke RFC 6455.
  tl::expected<std::optional<Part>, std::string> next();

  // What is to be sent, in order; the caller empties it.
  std::vector<std::uint8_t>& output() { return output_; }
  // One frame with the pieces' bytes, `size` in all.
  void put(Kind kind, std::size_t size, std::span<const Bytes> pieces);

 private:
  struct FreeContext {
    void operator()(wslay_frame_context* context) const { wslay_frame_context_free(context); }
  };
  static ssize_t take_input(std::uint8_t* data, std::size_t size, int flags, void* self);
  void put_header(Kind kind, std::size_t size);
  const char* fault_of_header(const wslay_frame_iocb& frame) const;

  Bytes input_;
  std::vector<std::uint8_t> output_;
  std::unique_ptr<wslay_frame_context, FreeContext> context_;
  std::uint64_t frame_offset_ = 0;  // payload bytes of the current frame that next() has given
  bool in_frame_ = false;
  bool in_message_ = false;  // a message's last frame has not come yet
};

}  // namespace ferry::net
