#include "in-cluster-proxy/environment_service.h"

#include <algorithm>
#include <utility>

namespace ferry::proxy {
namespace {

// One for each daemon that swaps here; more only where daemons were lost. Each may hold a line of
// its own that nobody reads on.
constexpr std::size_t kMostReaders = 4;

}  // namespace

// Looks like a socket whose peer sends the line. What a daemon writes to it is taken and forgotten.
class EnvironmentService::Reader final : public net::ByteStream {
 public:
  explicit Reader(EnvironmentService& service)
      : service_(&service), soon_(service.loop_, [this] { go_on(); }) {}
  ~Reader() override { leave(); }
  void retire() override { leave(); }

  void start(net::StreamHandler& handler) override {
    handler_ = &handler;
    wake();
  }
  void pause_reading() override { paused_ = true; }
  void resume_reading() override {
    paused_ = false;
    wake();
  }
  std::size_t write(std::span<const Bytes> pieces) override {
    std::size_t sum = 0;
    for (const Bytes piece : pieces) sum += piece.size();
    return sum;
  }
  std::size_t queued() const override { return 0; }
  void shutdown() override {
    ending_ = true;
    line_.reset();
    wake();
  }
  void reset() override { leave(); }

  // The line may be another one now, or there may be room for more of it.
  void wake() { soon_.start(Duration::zero()); }

 private:
  void leave() {
    handler_ = nullptr;
    line_.reset();
    soon_.stop();
    if (service_ == nullptr) return;
    auto& readers = service_->readers_;
    readers.erase(std::remove(readers.begin(), readers.end(), this), readers.end());
    service_ = nullptr;
  }

  void go_on() {
    if (ending_) return end();
    while (handler_ != nullptr && !paused_ && next()) {
      const MutableBytes place = handler_->on_read_buffer();
      if (place.empty()) return pause_reading();
      const std::size_t n = std::min(place.size(), line_->size() - done_);
      std::copy_n(line_->begin() + static_cast<std::ptrdiff_t>(done_), n, place.begin());
      done_ += n;
      handler_->on_read(n);
    }
  }

  // Whether there is anything to send: the rest of a line, or one that is newer.
  bool next() {
    if (line_ && done_ < line_->size()) return true;
    if (line_ == service_->line_) return false;
    line_ = service_->line_;
    done_ = 0;
    return true;
  }

  void end() {
    net::StreamHandler* handler = handler_;
    leave();
    if (handler == nullptr) return;
    handler->on_end();
    handler->on_closed({});
  }

  EnvironmentService* service_;  // null: no part of it any more
  net::StreamHandler* handler_ = nullptr;
  net::Timer soon_;
  std::shared_ptr<const std::string> line_;
  std::size_t done_ = 0;  // bytes of it
  bool paused_ = false;
  bool ending_ = false;
};

EnvironmentService::EnvironmentService(net::Loop& loop, std::vector<std::string> environment,
                                       std::vector<std::string> mounts, Duration poll)
    : loop_(loop),
      environment_(std::move(environment)),
      mounts_(std::move(mounts)),
      poll_(poll),
      timer_(loop, [this] { look(); }) {}

EnvironmentService::~EnvironmentService() = default;

std::unique_ptr<net::ByteStream> EnvironmentService::open() {
  auto reader = std::make_unique<Reader>(*this);
  if (readers_.size() == kMostReaders) {
    readers_.front()->shutdown();
    readers_.erase(readers_.begin());
  }
  readers_.push_back(reader.get());
  // Who asks often doesn't make the process look at its files more often.
  if (!line_ || loop_.now() - looked_at_ >= poll_) look();
  return reader;
}

void EnvironmentService::look() {
  if (readers_.empty()) return;
  looked_at_ = loop_.now();
  MountedFiles mounted = list_mounts(mounts_);
  if (!line_ || mounted != mounted_) {
    mounted_ = std::move(mounted);
    line_ = std::make_shared<const std::string>(describe_container(environment_, mounted_));
    for (Reader* reader : readers_) reader->wake();
  }
  timer_.start(poll_);
}

}  // namespace ferry::proxy
