// Any bytes as what a SOCKS5 or HTTP proxy answers: a connection or an error comes of it, and what
// follows the proxy's words reaches the next reader unchanged. The first byte of the input chooses
// the protocol, whether there is a password, and the size of the pieces.
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include "net/proxy_handshake.h"
#include "tests/fuzz/fed_stream.h"

namespace {

using namespace ferry;

class Reader final : public net::StreamHandler {
 public:
  explicit Reader(std::string_view all) : all_(all) {}
  MutableBytes on_read_buffer() override { return buffer_; }
  void on_read(std::size_t n) override {
    got_.append(as_text(Bytes(buffer_).first(n)));
    if (all_.find(got_) == all_.npos) std::abort();
  }
  void on_end() override {}
  void on_written(std::size_t) override {}
  void on_closed(Status) override {}

 private:
  const std::string_view all_;
  std::string got_;
  std::array<std::uint8_t, 100> buffer_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned choice = data[0];
  const auto said = std::string(reinterpret_cast<const char*>(data) + 1, size - 1) + "\n";
  net::Loop loop;
  Reader reader(said);
  std::unique_ptr<net::ByteStream> stream;
  std::optional<net::ProxyHandshake> handshake;
  net::ProxyHandshakeOptions options;
  options.protocol =
      (choice & 1U) != 0 ? net::ProxyProtocol::kSocks5 : net::ProxyProtocol::kHttpConnect;
  if ((choice & 2U) != 0) options.credentials = {"user", "word"};
  options.target = {"target", 80};
  options.proxy = "proxy:3128";
  options.timeout = std::chrono::seconds(1);
  auto peer = std::make_unique<testing::FedStream>(loop, 1 + (choice >> 2U),
                                                   [&](std::string_view) { return said; });
  int answers = 0;
  handshake.emplace(loop, std::move(peer), options, [&](auto made) {
    ++answers;
    if (!made) {
      if (made.error().summary().empty()) std::abort();
      return;
    }
    stream = std::move(*made);
    stream->start(reader);
  });
  loop.run();
  if (answers != 1) std::abort();
  stream.reset();
  return 0;
}
