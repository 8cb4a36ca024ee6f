// A peer that says the input's bytes, whatever it hears: in pieces, each in a round of the loop of
// its own, then its end, then the end of everything.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <utility>

#include "net/byte_stream.h"
#include "net/loop.h"
#include "net/timer.h"

namespace ferry::testing {

class FedStream final : public net::ByteStream {
 public:
  // What is said, once the first words of the other side are known.
  using Script = std::function<std::string(std::string_view heard)>;

  // `piece`: bytes in a piece, at least 1. A reader that pauses has to go on within three rounds.
  FedStream(net::Loop& loop, std::size_t piece, Script script)
      : piece_(piece), script_(std::move(script)), next_(loop, [this] { step(); }) {}

  void start(net::StreamHandler& handler) override {
    handler_ = &handler;
    next_.start(Duration::zero());
  }
  void pause_reading() override { paused_ = true; }
  void resume_reading() override { paused_ = false; }
  using ByteStream::write;
  std::size_t write(std::span<const Bytes> pieces) override {
    std::size_t sum = 0;
    for (const Bytes one : pieces) {
      sum += one.size();
      if (said_.empty()) heard_.append(as_text(one));
    }
    // Every other write is handed on later.
    if ((++writes_ & 1U) == 0) return sum;
    queued_ += sum;
    return 0;
  }
  std::size_t queued() const override { return queued_; }
  void shutdown() override {}
  void reset() override { let_go(); }
  void retire() override { let_go(); }

 private:
  void let_go() {
    handler_ = nullptr;
    next_.stop();
  }

  void step() {
    next_.start(Duration::zero());
    if (queued_ > 0) return handler_->on_written(std::exchange(queued_, 0));
    if (said_.empty()) said_ = script_(heard_);
    if (paused_ && ++patience_ > 3) next_.stop();
    if (paused_) return;
    patience_ = 0;
    if (at_ < said_.size()) return say();
    if (!std::exchange(ended_, true)) return handler_->on_end();
    next_.stop();
    handler_->on_closed({});
  }

  void say() {
    const MutableBytes room = handler_->on_read_buffer();
    if (handler_ == nullptr) return;
    const std::size_t n = std::min({room.size(), piece_, said_.size() - at_});
    if (n == 0) {
      paused_ = true;
      return;
    }
    std::memcpy(room.data(), said_.data() + at_, n);
    at_ += n;
    handler_->on_read(n);
  }

  const std::size_t piece_;
  const Script script_;
  net::StreamHandler* handler_ = nullptr;
  std::string heard_;
  std::string said_;
  std::size_t at_ = 0;
  std::size_t queued_ = 0;
  unsigned writes_ = 0;
  int patience_ = 0;
  bool paused_ = false;
  bool ended_ = false;
  net::Timer next_;
};

}  // namespace ferry::testing
