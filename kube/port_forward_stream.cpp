#include "kube/port_forward_stream.h"

#include <algorithm>
#include <array>
#include <utility>

#include "kube/problems.h"
#include "kube/text.h"

namespace ferry::kube {
namespace {

constexpr std::uint8_t kDataChannel = 0;
constexpr std::uint8_t kErrorChannel = 1;
constexpr std::size_t kLongestErrorText = std::size_t{8} * 1024;

}  // namespace

PortForwardStream::PortForwardStream(net::Loop& loop, std::unique_ptr<net::WebSocket> socket,
                                     std::uint16_t port, std::string what, OnReady on_ready)
    : socket_(std::move(socket)),
      port_(port),
      what_(std::move(what)),
      on_ready_(std::move(on_ready)),
      soon_(loop, [this] { finish(std::move(*early_end_)); }) {
  socket_->start(*this);
}

void PortForwardStream::start(net::StreamHandler& handler) {
  handler_ = &handler;
  state_ = State::kOpen;
  if (early_end_) return soon_.start(Duration::zero());
  if (!paused_) socket_->resume_reading();
}

void PortForwardStream::pause_reading() {
  paused_ = true;
  socket_->pause_reading();
}

void PortForwardStream::resume_reading() {
  paused_ = false;
  if (state_ == State::kOpen) socket_->resume_reading();
}

std::size_t PortForwardStream::write(std::span<const Bytes> pieces) {
  if (state_ == State::kEnded) return 0;
  static constexpr std::array<std::uint8_t, 1> kPrefix = {kDataChannel};
  return socket_->write(kPrefix, pieces);
}

std::size_t PortForwardStream::queued() const {
  return state_ == State::kEnded ? 0 : socket_->queued();
}

void PortForwardStream::shutdown() {
  if (state_ != State::kEnded) socket_->close();
}

void PortForwardStream::reset() {
  state_ = State::kEnded;
  soon_.stop();
  socket_->reset();
}

void PortForwardStream::retire() {
  state_ = State::kEnded;
  soon_.stop();
  socket_->retire();
}

std::size_t PortForwardStream::on_message(Bytes part, bool /*first*/, bool last) {
  if (state_ == State::kEnded) return part.size();
  if (state_ == State::kReady) return 0;
  const Bytes payload = message_.payload_of(part);
  const std::uint8_t channel = message_.channel();
  const bool known = message_.begun() && channel <= kErrorChannel;  // else nobody asked for it
  if (known && !is_announced_[channel]) {
    take_announcement(payload, last);
  } else if (known && channel == kErrorChannel) {
    take_error_text(payload, last);
  } else if (known) {
    const std::size_t delivered = take_data(payload);
    if (delivered < payload.size()) return part.size() - payload.size() + delivered;
  }
  if (last) message_.end();
  return part.size();
}

std::size_t PortForwardStream::take_data(Bytes part) {
  std::size_t taken = 0;
  while (taken < part.size()) {
    const MutableBytes room = handler_ != nullptr ? handler_->on_read_buffer() : MutableBytes();
    if (state_ == State::kEnded) return part.size();
    if (room.empty()) {
      paused_ = true;
      return taken;
    }
    const std::size_t n = std::min(room.size(), part.size() - taken);
    std::copy_n(part.begin() + static_cast<std::ptrdiff_t>(taken), n, room.begin());
    taken += n;
    handler_->on_read(n);
    if (state_ == State::kEnded) return part.size();
    if (paused_) return taken;
  }
  return taken;
}

void PortForwardStream::take_announcement(Bytes part, bool last) {
  std::string& announced = announced_[message_.channel()];
  announced.append(as_text(part.first(std::min<std::size_t>(part.size(), 3 - announced.size()))));
  if (!last) return;
  const std::string expected = {static_cast<char>(port_ & 0xFFU), static_cast<char>(port_ >> 8U)};
  if (announced != expected) {
    socket_->reset();
    finish(fail(problem::kAnswerMalformed, what_,
                "channel " + std::to_string(message_.channel()) + " was announced for another port",
                "check what stands between here and the API server"));
    return;
  }
  is_announced_[message_.channel()] = true;
  if (!is_announced_[kDataChannel] || !is_announced_[kErrorChannel]) return;
  state_ = State::kReady;
  socket_->pause_reading();
  std::exchange(on_ready_, nullptr)({});
}

// The whole text is fatal: the server closes both channels after it. The kubelet's text ends with
// the container runtime's words.
void PortForwardStream::take_error_text(Bytes part, bool last) {
  const std::size_t room = kLongestErrorText - error_text_.size();
  error_text_.append(as_text(part.first(std::min(part.size(), room))));
  if (!last || trim(error_text_).empty()) return;
  socket_->reset();
  finish(fail(problem::kPodPortClosed, what_, std::string(trim(error_text_)),
              "check that a process in the pod listens on port " + std::to_string(port_)));
}

void PortForwardStream::on_written(std::size_t n) {
  if (state_ == State::kOpen) handler_->on_written(n);
}

void PortForwardStream::on_closed(Status status) {
  if (state_ == State::kEnded) return;
  if (!status) {
    Error error = status.error();
    error.why = error.summary();
    error.what = what_;
    status = fail(std::move(error));
  } else if (state_ == State::kAnnouncing) {
    status = fail(problem::kAnswerMalformed, what_, "the server ended it before it began", {});
  }
  finish(std::move(status));
}

void PortForwardStream::finish(Status status) {
  if (state_ == State::kReady) {
    early_end_ = std::move(status);
    return;
  }
  const State state = std::exchange(state_, State::kEnded);
  if (state == State::kAnnouncing) {
    std::exchange(on_ready_, nullptr)(std::move(status));
  } else if (!status) {
    handler_->on_closed(std::move(status));
  } else {
    state_ = State::kOpen;  // on_end() may reset or retire it
    handler_->on_end();
    if (std::exchange(state_, State::kEnded) == State::kOpen) handler_->on_closed({});
  }
}

}  // namespace ferry::kube
