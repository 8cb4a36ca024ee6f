// The local end of a test connection that asks for a page over HTTP/1.1, and reads the first line
// of what comes back.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "net/byte_stream.h"
#include "net/timer.h"

namespace ferry::daemon {

class HttpAsk final : public net::ByteStream {
 public:
  // The status (100 to 599). Errors: kProtocol (no HTTP came back), kReset (nothing did). Once at
  // most, from the loop; not where the connection fails. Whoever wants no answer any more lets go
  // of it.
  using OnAnswer = std::function<void(Result<int>)>;

  // `host` and `path` fit into a request's lines.
  HttpAsk(net::Loop& loop, const std::string& host, const std::string& path,
          std::weak_ptr<OnAnswer> on_answer);

  void start(net::StreamHandler& handler) override;
  void pause_reading() override {}
  void resume_reading() override { soon_.start({}); }
  std::size_t write(std::span<const Bytes> pieces) override;
  std::size_t queued() const override { return 0; }
  void shutdown() override;
  void reset() override {}

 private:
  void go_on();
  void settle(Result<int> answer);

  const std::weak_ptr<OnAnswer> on_answer_;
  std::string request_;  // what of it is not sent yet
  std::string line_;     // the beginning of the answer
  std::optional<Result<int>> answer_;
  bool told_ = false;
  net::StreamHandler* handler_ = nullptr;
  net::Timer soon_;
};

}  // namespace ferry::daemon
