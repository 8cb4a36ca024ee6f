// Any bytes as what an API server says on a port-forward: the answer to the upgrade, the frames,
// the messages in them. The first byte of the input chooses how deep it begins (at the answer's
// head, or behind a proper one), who reads the messages (nobody in particular, or a port-forward
// stream), and the size of the pieces. "$ACCEPT" in the input becomes the one right
// Sec-WebSocket-Accept.
#include <openssl/evp.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include "kube/port_forward_stream.h"
#include "net/websocket.h"
#include "tests/fuzz/fed_stream.h"

namespace {

using namespace ferry;

constexpr std::uint16_t kPort = 7443;
constexpr std::string_view kPlace = "$ACCEPT";
constexpr std::string_view kProperHead =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: $ACCEPT\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n";

// RFC 6455, section 4.2.2, item 5.4.
std::string accept_of(std::string_view request) {
  constexpr std::string_view kName = "Sec-WebSocket-Key: ";
  const auto at = request.find(kName);
  if (at == request.npos) return {};
  const std::string key(request.substr(at + kName.size(), 24));
  const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<std::uint8_t, 20> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
  std::array<unsigned char, 29> encoded{};
  EVP_EncodeBlock(encoded.data(), digest.data(), digest.size());
  return reinterpret_cast<const char*>(encoded.data());
}

// Takes what comes, with a break now and then.
class MessageReader final : public net::WebSocketHandler {
 public:
  MessageReader(net::Loop& loop, std::size_t bound) : loop_(loop), bound_(bound) {}

  std::unique_ptr<net::WebSocket> socket;

 private:
  std::size_t on_message(Bytes part, bool, bool) override {
    const std::size_t taken = ++calls_ % 5 == 0 ? part.size() / 2 : part.size();
    for (const std::uint8_t byte : part.first(taken)) checksum_ += byte;
    received_ += taken;
    if (received_ > bound_) std::abort();  // more than was sent
    if (taken < part.size()) loop_.post([this] { socket->resume_reading(); });
    if (calls_ % 3 == 0) socket->write({}, std::array{part});
    return taken;
  }
  void on_written(std::size_t) override {}
  void on_closed(Status) override {
    if (std::exchange(closed_, true)) std::abort();
  }

  net::Loop& loop_;
  const std::size_t bound_;
  std::size_t received_ = 0;
  unsigned calls_ = 0;
  std::uint64_t checksum_ = 0;
  bool closed_ = false;
};

// The same for the bytes of a port-forward stream, behind its announcements.
class ByteReader final : public net::StreamHandler {
 public:
  ByteReader(net::Loop& loop, std::size_t bound) : loop_(loop), bound_(bound) {}

  std::unique_ptr<kube::PortForwardStream> stream;

 private:
  MutableBytes on_read_buffer() override {
    if (++calls_ % 7 != 0) return buffer_;
    loop_.post([this] { stream->resume_reading(); });
    return {};
  }
  void on_read(std::size_t n) override {
    received_ += n;
    if (n > buffer_.size() || received_ > bound_) std::abort();
    stream->write(Bytes(buffer_).first(n));
  }
  void on_end() override {}
  void on_written(std::size_t) override {}
  void on_closed(Status) override {
    if (std::exchange(closed_, true)) std::abort();
  }

  net::Loop& loop_;
  const std::size_t bound_;
  std::array<std::uint8_t, 64> buffer_{};
  std::size_t received_ = 0;
  unsigned calls_ = 0;
  bool closed_ = false;
};

std::string with_accept(std::string text, std::string_view heard) {
  if (const auto at = text.find(kPlace); at != text.npos) {
    text.replace(at, kPlace.size(), accept_of(heard));
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned choice = data[0];
  std::string said((choice & 1U) != 0 ? kProperHead : "");
  said.append(reinterpret_cast<const char*>(data) + 1, size - 1);
  net::Loop loop;
  MessageReader messages(loop, size);
  ByteReader bytes(loop, size);
  auto peer = std::make_unique<testing::FedStream>(
      loop, 1 + (choice >> 2U) * 3,
      [&](std::string_view heard) { return with_accept(said, heard) + "\n"; });
  net::UpgradeRequest request;
  request.host = "server:6443";
  request.path = "/portforward";
  request.subprotocols = {"v4.channel.k8s.io"};
  int answers = 0;
  net::WebSocketUpgrade upgrade(loop, std::move(peer), request, [&](auto made) {
    ++answers;
    if (!made) return;
    if ((choice & 2U) == 0) {
      messages.socket = std::move(*made);
      return messages.socket->start(messages);
    }
    bytes.stream = std::make_unique<kube::PortForwardStream>(
        loop, std::move(*made), kPort, "port-forwarding", [&](const Status& ready) {
          if (!ready) return;
          loop.post([&] { bytes.stream->start(bytes); });
        });
  });
  loop.run();
  if (answers != 1) std::abort();
  return 0;
}
