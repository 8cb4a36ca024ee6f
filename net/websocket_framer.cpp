#include "net/websocket_framer.h"

#include <algorithm>
#include <array>
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

using Mask = std::array<std::uint8_t, 4>;

// RFC 6455, section 5.3; eight bytes a step.
void mask_bytes(const Mask& mask, MutableBytes bytes) {
  std::uint64_t wide = 0;
  std::memcpy(&wide, mask.data(), mask.size());
  std::memcpy(reinterpret_cast<std::uint8_t*>(&wide) + mask.size(), mask.data(), mask.size());
  std::size_t i = 0;
  for (; i + sizeof wide <= bytes.size(); i += sizeof wide) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, &bytes[i], sizeof eight);
    eight ^= wide;
    std::memcpy(&bytes[i], &eight, sizeof eight);
  }
  for (; i < bytes.size(); ++i) bytes[i] ^= mask.at(i % mask.size());
}

}  // namespace

WebSocketFramer::WebSocketFramer() {
  const wslay_frame_callbacks callbacks = {nullptr, take_input, nullptr};
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

// By hand: wslay masks byte by byte, which would cost more than encrypting does.
void WebSocketFramer::put(Kind kind, std::size_t size, std::span<const Bytes> pieces) {
  put_header(kind, size);
  Mask mask = {};
  fill_random(mask);
  output_.insert(output_.end(), mask.begin(), mask.end());
  const std::size_t begin = output_.size();
  for (const Bytes piece : pieces) output_.insert(output_.end(), piece.begin(), piece.end());
  mask_bytes(mask, MutableBytes(output_).subspan(begin));
}

// RFC 6455, section 5.2.
void WebSocketFramer::put_header(Kind kind, std::size_t size) {
  constexpr std::uint8_t kFin = 0x80;
  constexpr std::uint8_t kMasked = 0x80;
  constexpr std::uint8_t kTwoBytes = 126;
  constexpr std::uint8_t kEightBytes = 127;
  std::size_t length_bytes = 0;
  auto length = static_cast<std::uint8_t>(size);
  if (size >= kTwoBytes) {
    length_bytes = size <= 0xFFFF ? 2 : 8;
    length = length_bytes == 2 ? kTwoBytes : kEightBytes;
  }
  output_.push_back(kFin | opcode_of(kind));
  output_.push_back(kMasked | length);
  for (std::size_t i = length_bytes; i > 0; --i) {
    output_.push_back(static_cast<std::uint8_t>(size >> (8 * (i - 1))));
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

}  // namespace ferry::net
