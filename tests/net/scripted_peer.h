// The far end of a connection, played by the test: waits for bytes, sends bytes.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "tests/net/harness.h"

namespace ferry::net::testing {

class ScriptedPeer {
 public:
  ScriptedPeer(TestLoop& loop, std::unique_ptr<ByteStream> stream)
      : loop_(loop), recorder_(loop), stream_(std::move(stream)) {
    stream_->start(recorder_);
  }

  // Waits until what came contains `text`.
  bool saw(std::string_view text) {
    return loop_.run_until([&] { return recorder_.received.find(text) != std::string::npos; });
  }
  bool got(std::size_t bytes) {
    return loop_.run_until([&] { return recorder_.received.size() >= bytes; });
  }
  bool saw_end() {
    return loop_.run_until([&] { return recorder_.ended || recorder_.closed; });
  }
  void send(std::string_view text) { stream_->write(as_bytes(text)); }
  void end() { stream_->shutdown(); }
  void vanish() { stream_.reset(); }

  // What came and was not taken yet.
  std::string take() { return std::exchange(recorder_.received, {}); }
  const std::string& received() const { return recorder_.received; }
  Recorder& recorder() { return recorder_; }
  ByteStream& stream() { return *stream_; }

 private:
  TestLoop& loop_;
  Recorder recorder_;
  std::unique_ptr<ByteStream> stream_;
};

}  // namespace ferry::net::testing
