#include "net/opening.h"

#include <algorithm>
#include <utility>

#include "net/problems.h"

namespace ferry::net {

// --- HandoverStream ------------------------------------------------------------------------------

HandoverStream::HandoverStream(Loop& loop, std::unique_ptr<ByteStream> lower)
    : lower_(std::move(lower)), soon_(loop, [this] { catch_up(); }) {}

void HandoverStream::hand_over(Bytes unread) {
  unread_.append(unread);
  handler_ = nullptr;
  lower_->pause_reading();
}

void HandoverStream::start(StreamHandler& handler) {
  handler_ = &handler;
  if (lower_started_) {
    soon_.start(Duration::zero());
  } else {
    lower_started_ = true;
    lower_->start(*this);
  }
}

void HandoverStream::pause_reading() {
  paused_ = true;
  lower_->pause_reading();
}

void HandoverStream::resume_reading() {
  if (!std::exchange(paused_, false) || handler_ == nullptr) return;
  if (unread_.empty() && !end_held_) {
    lower_->resume_reading();
  } else {
    soon_.start(Duration::zero());
  }
}

void HandoverStream::reset() {
  lower_->reset();
  retire();
}

void HandoverStream::retire() {
  handler_ = nullptr;
  soon_.stop();
  lower_->retire();
}

MutableBytes HandoverStream::on_read_buffer() {
  if (handler_ == nullptr || !unread_.empty()) return {};
  const MutableBytes room = handler_->on_read_buffer();
  if (room.empty()) paused_ = true;  // the lower stream pauses itself then
  return room;
}

void HandoverStream::on_end() {
  end_held_ = true;
  if (handler_ != nullptr && unread_.empty()) catch_up();
}

void HandoverStream::on_written(std::size_t n) {
  if (handler_ == nullptr) {
    unreported_ += n;
  } else {
    handler_->on_written(n);
  }
}

void HandoverStream::on_closed(Status status) {
  close_held_ = std::move(status);
  const bool must_wait = handler_ == nullptr || (*close_held_ && !unread_.empty());
  if (!must_wait) catch_up();
}

// Events that were held back, in their order. Any of them may end it.
void HandoverStream::catch_up() {
  if (const auto n = std::exchange(unreported_, 0); n > 0) handler_->on_written(n);
  const bool broken = close_held_ && !*close_held_;
  if (!broken) {
    if (handler_ == nullptr || !deliver_unread()) return;
    if (std::exchange(end_held_, false)) handler_->on_end();
  }
  if (handler_ == nullptr) return;
  if (close_held_) {
    StreamHandler& handler = *std::exchange(handler_, nullptr);
    handler.on_closed(*std::exchange(close_held_, std::nullopt));
  } else if (!paused_) {
    lower_->resume_reading();
  }
}

// True: the handler has had all of it and wants to read on.
bool HandoverStream::deliver_unread() {
  while (!unread_.empty() && !paused_) {
    const MutableBytes room = handler_->on_read_buffer();
    if (handler_ == nullptr) return false;
    if (room.empty()) {
      pause_reading();
      return false;
    }
    const Bytes next = unread_.front().first(std::min(room.size(), unread_.size()));
    std::copy(next.begin(), next.end(), room.begin());
    const std::size_t n = next.size();
    unread_.pop(n);
    handler_->on_read(n);
    if (handler_ == nullptr) return false;
  }
  return unread_.empty();
}

// --- Opening -------------------------------------------------------------------------------------

Opening::Opening(Loop& loop, std::unique_ptr<ByteStream> lower, Options options, Advance advance,
                 Done done, std::optional<Error> refusal)
    : options_(std::move(options)),
      advance_(std::move(advance)),
      done_(std::move(done)),
      stream_(std::make_unique<HandoverStream>(loop, std::move(lower))),
      deadline_(
          loop,
          [this] { finish(fail(problem::kTimedOut, options_.what, "no answer came in time")); }),
      report_(loop, [this] { report(); }) {
  if (refusal) {
    finish(fail(*std::move(refusal)));
    return;
  }
  deadline_.start(options_.timeout);
  stream_->start(*this);
  stream_->write(as_bytes(options_.hello));
}

void Opening::retire() {
  deadline_.stop();
  report_.stop();
  if (stream_) stream_->retire();
}

MutableBytes Opening::on_read_buffer() {
  constexpr std::size_t kRoom = 4096;
  room_.resize(kRoom);
  return room_;
}

void Opening::on_read(std::size_t n) {
  received_.append(Bytes(room_).first(n));
  advance();
}

void Opening::on_end() {
  ended_ = true;
  advance();
}

void Opening::on_closed(Status status) {
  if (outcome_) return;
  if (!status) return finish(status);
  ended_ = true;
  advance();
}

void Opening::advance() {
  while (!outcome_) {
    auto step = advance_(received_.front(), ended_);
    if (!step) return finish(fail(step.error()));
    received_.pop(step->consumed);
    if (!step->send.empty()) stream_->write(as_bytes(step->send));
    if (step->done) return finish({});
    if (step->consumed > 0 || !step->send.empty()) continue;
    if (ended_) {
      return finish(fail(problem::kConnectionCut, options_.what, "the connection ended too early"));
    }
    if (received_.size() > options_.max_received) {
      return finish(fail(problem::kAnswerMalformed, options_.what, "the answer is too long"));
    }
    return;
  }
}

// The outcome is reported by a timer, when nothing of the stream is on the stack.
void Opening::finish(Status status) {
  if (outcome_) return;
  outcome_ = std::move(status);
  deadline_.stop();
  if (*outcome_) {
    stream_->hand_over(received_.front());
  } else {
    stream_->retire();
  }
  report_.start(Duration::zero());
}

void Opening::report() {
  const Done done = std::move(done_);
  if (*outcome_) return done(std::move(stream_));
  stream_.reset();
  done(fail(outcome_->error()));
}

}  // namespace ferry::net
