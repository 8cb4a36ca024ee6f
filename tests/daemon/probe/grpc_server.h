// A server of one gRPC call over HTTP/2 (RFC 9113), as small as a test needs it: headers are sent
// as literals without indexing (RFC 7541, 6.2.2), those that come are not read.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "tests/kube/test_server.h"

namespace ferry::testing {

using HeaderFields = std::vector<std::pair<std::string, std::string>>;

struct GrpcAnswer {
  HeaderFields headers = {{":status", "200"}, {"content-type", "application/grpc"}};
  std::string message;  // with its prefix; empty: none, the headers are the trailers too
  HeaderFields trailers = {{"grpc-status", "0"}};
  bool silent = false;  // answers nothing, until the client goes
};

class GrpcServer {
 public:
  explicit GrpcServer(GrpcAnswer answer)
      : answer_(std::move(answer)), server_([this](kube::Connection& peer) { serve(peer); }) {}

  std::uint16_t port() const { return server_.port(); }
  // The DATA of the last call.
  std::string request() const {
    const std::lock_guard lock(mutex_);
    return request_;
  }

 private:
  static constexpr std::uint8_t kData = 0, kHeaders = 1, kSettings = 4, kPing = 6;
  static constexpr std::uint8_t kAck = 1, kEndStream = 1, kEndHeaders = 4;

  static std::string number(std::size_t value, int bytes) {
    std::string out;
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
      out += static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xffU);
    }
    return out;
  }
  static std::string frame(std::uint8_t kind, std::uint8_t flags, std::uint32_t stream,
                           const std::string& payload) {
    return number(payload.size(), 3) + static_cast<char>(kind) + static_cast<char>(flags) +
           number(stream, 4) + payload;
  }
  static std::string block(const HeaderFields& fields) {
    std::string out;
    for (const auto& [name, value] : fields) {
      out += '\0' + number(name.size(), 1) + name + number(value.size(), 1) + value;
    }
    return out;
  }

  std::string answer_text(std::uint32_t stream) const {
    if (answer_.message.empty()) {
      HeaderFields all = answer_.headers;
      all.insert(all.end(), answer_.trailers.begin(), answer_.trailers.end());
      return frame(kHeaders, kEndHeaders | kEndStream, stream, block(all));
    }
    return frame(kHeaders, kEndHeaders, stream, block(answer_.headers)) +
           frame(kData, 0, stream, answer_.message) +
           frame(kHeaders, kEndHeaders | kEndStream, stream, block(answer_.trailers));
  }

  void serve(kube::Connection& peer) {
    std::string bytes;
    if (!peer.read_exactly(24, bytes)) return;  // PRI * HTTP/2.0 ...
    peer.write(frame(kSettings, 0, 0, {}));
    std::string data;
    while (peer.read_exactly(9, bytes)) {
      const auto byte = [&bytes](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
      const std::size_t length =
          std::size_t{byte(0)} << 16U | std::size_t{byte(1)} << 8U | std::size_t{byte(2)};
      const std::uint8_t kind = byte(3), flags = byte(4), stream = byte(8);
      if (!peer.read_exactly(length, bytes)) return;
      if (kind == kSettings && (flags & kAck) == 0) peer.write(frame(kSettings, kAck, 0, {}));
      if (kind == kPing && (flags & kAck) == 0) peer.write(frame(kPing, kAck, 0, bytes));
      if (kind != kData) continue;
      data += bytes;
      if ((flags & kEndStream) == 0) continue;
      {
        const std::lock_guard lock(mutex_);
        request_ = data;
      }
      if (!answer_.silent) peer.write(answer_text(stream));
    }
  }

  const GrpcAnswer answer_;
  mutable std::mutex mutex_;
  std::string request_;
  kube::TestServer server_;  // the last member: its threads use the others
};

}  // namespace ferry::testing
