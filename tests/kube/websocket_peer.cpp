#include "tests/kube/websocket_peer.h"

#include <openssl/sha.h>

#include <array>

#include "kube/text.h"

namespace ferry::kube {
namespace {

std::string accept_key(const std::string& key) {
  const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::uint64_t big_endian(const std::string& bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = (value << 8U) | static_cast<unsigned char>(c);
  return value;
}

}  // namespace

bool WebSocketPeer::accept(const HttpMessage& request, const std::string& subprotocol) {
  std::string head =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Accept: " +
      accept_key(request.header("sec-websocket-key")) + "\r\n";
  if (!subprotocol.empty()) head += "Sec-WebSocket-Protocol: " + subprotocol + "\r\n";
  return connection_.write(head + "\r\n");
}

bool WebSocketPeer::send(int opcode, std::string_view payload) {
  std::string frame(1, static_cast<char>(0x80 | opcode));
  const std::size_t n = payload.size();
  const std::size_t extra = n < 126 ? 0 : n < 65536 ? 2 : 8;
  frame += static_cast<char>(extra == 0 ? n : extra == 2 ? 126 : 127);
  for (std::size_t i = extra; i-- > 0;) frame += static_cast<char>((n >> (8 * i)) & 0xFFU);
  return connection_.write(frame.append(payload));
}

std::optional<Frame> WebSocketPeer::read() {
  std::string bytes;
  if (!connection_.read_exactly(2, bytes)) return std::nullopt;
  Frame frame;
  frame.fin = (bytes[0] & 0x80) != 0;
  frame.opcode = bytes[0] & 0x0F;
  frame.masked = (bytes[1] & 0x80) != 0;
  std::uint64_t size = static_cast<unsigned char>(bytes[1]) & 0x7FU;
  if (size >= 126) {
    if (!connection_.read_exactly(size == 126 ? 2 : 8, bytes)) return std::nullopt;
    size = big_endian(bytes);
  }
  std::string mask;
  if (frame.masked && !connection_.read_exactly(4, mask)) return std::nullopt;
  if (size > 0 && !connection_.read_exactly(size, frame.payload)) return std::nullopt;
  for (std::size_t i = 0; frame.masked && i < frame.payload.size(); ++i) {
    frame.payload[i] = static_cast<char>(frame.payload[i] ^ mask[i % 4]);
  }
  return frame;
}

bool WebSocketPeer::announce(std::uint16_t port) {
  const std::string bytes = {static_cast<char>(port & 0xFFU), static_cast<char>(port >> 8U)};
  return send(2, std::string(1, '\0') + bytes) && send(2, "\x01" + bytes);
}

void WebSocketPeer::close() {
  send(8, "\x03\xe8");
  while (read()) {
  }
}

}  // namespace ferry::kube
