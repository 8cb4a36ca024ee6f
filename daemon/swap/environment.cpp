#include "daemon/swap/environment.h"

#include <spdlog/spdlog.h>

#include <memory>
#include <utility>

#include "daemon/problems.h"

namespace ferry::daemon {
namespace {

constexpr Duration kRetry = std::chrono::seconds(2);
constexpr std::size_t kMaxLine = std::size_t{16} * 1024 * 1024;

// The near end of a stream that is read here, in this process, line by line.
class LineSink final : public net::ByteStream {
 public:
  LineSink(net::Loop& loop, std::function<void(std::string)> on_line)
      : on_line_(std::move(on_line)), closing_(loop, [this] { close(); }) {}

  void start(net::StreamHandler& handler) override {
    handler_ = &handler;
    if (too_long_) closing_.start(Duration::zero());
  }
  void pause_reading() override {}
  void resume_reading() override {}
  using ByteStream::write;
  std::size_t write(std::span<const Bytes> pieces) override {
    std::size_t sum = 0;
    for (const Bytes piece : pieces) {
      sum += piece.size();
      take({reinterpret_cast<const char*>(piece.data()), piece.size()});
    }
    return sum;
  }
  std::size_t queued() const override { return 0; }
  void shutdown() override { closing_.start(Duration::zero()); }
  void reset() override { closing_.stop(); }

 private:
  void take(std::string_view text) {
    if (too_long_) return;
    for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
      line_.append(text.substr(0, end));
      text.remove_prefix(end + 1);
      on_line_(std::exchange(line_, {}));
    }
    line_.append(text);
    if (line_.size() <= kMaxLine) return;
    too_long_ = true;
    line_ = {};
    if (handler_ != nullptr) closing_.start(Duration::zero());
  }

  void close() {
    if (too_long_) {
      handler_->on_closed(
          fail(problem::kEnvironmentTooLong, "reading the environment", "it is too long"));
      return;
    }
    handler_->on_end();
    handler_->on_closed({});
  }

  const std::function<void(std::string)> on_line_;
  net::StreamHandler* handler_ = nullptr;
  std::string line_;
  bool too_long_ = false;
  net::Timer closing_;
};

}  // namespace

EnvironmentFollower::EnvironmentFollower(net::Loop& loop, Tunnel& tunnel, OnLine on_line)
    : loop_(loop), tunnel_(tunnel), on_line_(std::move(on_line)), retry_(loop, [this] { ask(); }) {
  retry_.start(Duration::zero());
}

EnvironmentFollower::~EnvironmentFollower() { tunnel_.forget(*this); }

void EnvironmentFollower::ask() {
  const tunnel::Target environment{.host = "environment", .kind = tunnel::TargetKind::kService};
  tunnel_.carry(environment, std::make_unique<LineSink>(loop_, on_line_), 0, *this);
}

void EnvironmentFollower::on_connected(std::size_t) {}

void EnvironmentFollower::on_ended(std::size_t, const ConnectionEnd& end) {
  if (end.error) spdlog::debug("environment: {}", end.error->summary());
  retry_.start(kRetry);
}

}  // namespace ferry::daemon
