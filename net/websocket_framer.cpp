#include "net/websocket_framer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "net/hmac.h"

namespace ferry::net {
namespace {

constexpr std::uint64_t kMaxControlPayload = 125;  // RFC 6455, section 5.5

WebSocketFramer::Kind kind_of(std::uint8_t opcode) {
  switch (opcode) {
    case WSLAY_PING: return WebSocketFramer::Kind::kPing;
    case WSLAY_PONG: return WebSocketFramer::Kind::kPong;
    case WSLAY_CONNECTION_CLOSE: return WebSocketFramer::Kind::kClose;
    default: return WebSocketFramer::Kind::kMessage;
  }
}

std::uint8_t opcode_of(WebSocketFramer::Kind kind) {
  switch (kind) {
    case WebSocketFramer::Kind::kPing: return WSLAY_PING;
    case WebSocketFramer::Kind::kPong: return WSLAY_PONG;
    case WebSocketFramer::Kind::kClose: return WSLAY_CONNECTION_CLOSE;
    case WebSocketFramer::Kind::kMessage: break;
  }
  return WSLAY_BINARY_FRAME;
}

}  // namespace

WebSocketFramer::WebSocketFramer() {
  const wslay_frame_callbacks callbacks = {give_output, take_input, make_mask};
  wslay_frame_context_ptr context = nullptr;
  if (wslay_frame_context_init(&context, &callbacks, this) != 0) std::abort();  // out of memory
  context_.reset(context);
}

tl::expected<std::optional<WebSocketFramer::Part>, std::string> WebSocketFramer::next() {
  wslay_frame_iocb frame = {};
  const ssize_t n = wslay_frame_recv(context_.get(), &frame);
  if (n == WSLAY_ERR_WANT_READ) return std::optional<Part>();
  if (n < 0) return tl::unexpected<std::string>("a frame is malformed");
  if (!in_frame_) {
    if (const char* const fault = fault_of_header(frame)) {
      return tl::unexpected<std::string>(fault);
    }
  }
  Part part;
  part.kind = kind_of(frame.opcode);
  part.data = Bytes(frame.data, frame.data_length);
  const bool is_message = part.kind == Kind::kMessage;
  part.first = frame_offset_ == 0 && !(is_message && in_message_);
  frame_offset_ += frame.data_length;
  in_frame_ = frame_offset_ < frame.payload_length;
  part.last = !in_frame_ && frame.fin == 1;
  if (is_message) in_message_ = !part.last;
  if (!in_frame_) frame_offset_ = 0;
  return part;
}

const char* WebSocketFramer::fault_of_header(const wslay_frame_iocb& frame) const {
  if (frame.rsv != WSLAY_RSV_NONE) return "a frame uses an extension that was not offered";
  if (frame.mask != 0) return "a server's frame is masked";
  switch (frame.opcode) {
    case WSLAY_CONTINUATION_FRAME:
      return in_message_ ? nullptr : "a continuation without a message";
    case WSLAY_TEXT_FRAME:
    case WSLAY_BINARY_FRAME: return in_message_ ? "a message begins within another one" : nullptr;
    case WSLAY_CONNECTION_CLOSE:
    case WSLAY_PING:
    case WSLAY_PONG:
      if (frame.fin == 1 && frame.payload_length <= kMaxControlPayload) return nullptr;
      return "a control frame is too long or fragmented";
    default: return "a frame has an unknown opcode";
  }
}

void WebSocketFramer::put(Kind kind, std::size_t size, std::span<const Bytes> pieces) {
  wslay_frame_iocb frame = {};
  frame.fin = 1;
  frame.opcode = opcode_of(kind);
  frame.payload_length = size;
  frame.mask = 1;
  if (size == 0) wslay_frame_send(context_.get(), &frame);
  for (const Bytes piece : pieces) {
    if (piece.empty()) continue;
    frame.data = piece.data();
    frame.data_length = piece.size();
    wslay_frame_send(context_.get(), &frame);
  }
}

ssize_t WebSocketFramer::take_input(std::uint8_t* data, std::size_t size, int, void* self) {
  Bytes& input = static_cast<WebSocketFramer*>(self)->input_;
  const std::size_t n = std::min(size, input.size());
  if (n == 0) return -1;  // wslay: wants to read more
  std::memcpy(data, input.data(), n);
  input = input.subspan(n);
  return static_cast<ssize_t>(n);
}

ssize_t WebSocketFramer::give_output(const std::uint8_t* data, std::size_t size, int, void* self) {
  auto& output = static_cast<WebSocketFramer*>(self)->output_;
  output.insert(output.end(), data, data + size);
  return static_cast<ssize_t>(size);
}

int WebSocketFramer::make_mask(std::uint8_t* data, std::size_t size, void*) {
  fill_random({data, size});
  return 0;
}

}  // namespace ferry::net
