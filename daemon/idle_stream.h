// The local end of a test connection: sends nothing and takes everything.
#pragma once

#include <memory>
#include <utility>

#include "net/byte_stream.h"
#include "net/timer.h"

namespace ferry::daemon {

class IdleStream final : public net::ByteStream {
 public:
  explicit IdleStream(net::Loop& loop) : soon_(loop, [this] { go_on(); }) {}
  ~IdleStream() override { *self_ = nullptr; }
  IdleStream(const IdleStream&) = delete;
  IdleStream& operator=(const IdleStream&) = delete;

  // Whoever gave the stream away may hang up by this, as long as it is there.
  class Handle {
   public:
    Handle() = default;
    explicit Handle(IdleStream& stream) : stream_(stream.self_) {}
    // Ends the connection in order: the other end reads its end, and no reset.
    void hang_up() const {
      if (stream_ && *stream_ != nullptr) (*stream_)->hang_up();
    }

   private:
    std::shared_ptr<IdleStream*> stream_;
  };

  void start(net::StreamHandler& handler) override {
    handler_ = &handler;
    if (hung_up_) soon_.start({});
  }
  void pause_reading() override {}
  void resume_reading() override {}
  std::size_t write(std::span<const Bytes> pieces) override {
    std::size_t sum = 0;
    for (const Bytes piece : pieces) sum += piece.size();
    return sum;
  }
  std::size_t queued() const override { return 0; }
  void shutdown() override {
    peer_ended_ = true;
    soon_.start({});
  }
  void reset() override {
    handler_ = nullptr;
    soon_.stop();
  }
  void retire() override { reset(); }

 private:
  void hang_up() {
    hung_up_ = true;
    soon_.start({});
  }
  void go_on() {
    if (handler_ == nullptr || !hung_up_) return;
    net::StreamHandler& handler = *handler_;
    if (!std::exchange(told_, true)) handler.on_end();
    if (!peer_ended_ || handler_ == nullptr) return;
    handler_ = nullptr;
    handler.on_closed({});
  }

  std::shared_ptr<IdleStream*> self_ = std::make_shared<IdleStream*>(this);
  net::StreamHandler* handler_ = nullptr;
  net::Timer soon_;  // who calls is not called back from within
  bool hung_up_ = false;
  bool told_ = false;
  bool peer_ended_ = false;
};

}  // namespace ferry::daemon
