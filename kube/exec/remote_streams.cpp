#include "kube/exec/remote_streams.h"

#include <algorithm>
#include <array>
#include <utility>

#include "kube/exec/problems.h"

namespace ferry::exec {
namespace {

constexpr std::size_t kLongestStatus = std::size_t{64} * 1024;
// Servers close right after the status; one that forgets to isn't waited for.
constexpr Duration kPatience = std::chrono::seconds(2);

constexpr int kMostSilentBeats = 3;
// Of input that may wait with the server while the command doesn't read; more may make it stop.
constexpr std::size_t kLittleInput = std::size_t{4} * 1024;

constexpr std::uint8_t number_of(Channel channel) { return static_cast<std::uint8_t>(channel); }

}  // namespace

RemoteStreams::RemoteStreams(net::Loop& loop, std::unique_ptr<net::WebSocket> socket,
                             std::string what, RemoteHandler& handler)
    : what_(std::move(what)),
      handler_(handler),
      socket_(std::move(socket)),
      patience_(loop, [this] { end(); }) {
  socket_->start(*this);
}

void RemoteStreams::send(Channel channel, Bytes payload) {
  if (ended_) return;
  const std::array<std::uint8_t, 1> prefix = {number_of(channel)};
  socket_->write(prefix, std::span<const Bytes>(&payload, 1));
}

void RemoteStreams::write(Bytes input) {
  unheard_input_ += input.size();
  send(Channel::kInput, input);
}

bool RemoteStreams::end_input() {
  if (socket_->subprotocol() != kWithClose) return false;
  const std::array<std::uint8_t, 1> which = {number_of(Channel::kInput)};
  send(Channel::kClose, which);
  return true;
}

void RemoteStreams::resize(TerminalSize size) {
  send(Channel::kResize, as_bytes(resize_text(size)));
}

void RemoteStreams::resume() {
  paused_ = false;
  if (!ended_) socket_->resume_reading();
}

void RemoteStreams::beat() {
  if (ended_ || paused_) return;
  if (socket_->heard()) {
    silent_beats_ = 0;
    unheard_input_ = 0;
  } else if (unheard_input_ <= kLittleInput) {
    ++silent_beats_;
  }
  if (silent_beats_ > kMostSilentBeats) {
    return end({problem::kApiSilent, what_, "the API server doesn't answer any more",
                "check the network and try again; the command may still run"});
  }
  socket_->ping();
}

void RemoteStreams::reset() {
  ended_ = true;
  patience_.stop();
  socket_->reset();
}

std::size_t RemoteStreams::on_message(Bytes part, bool /*first*/, bool last) {
  if (ended_) return part.size();
  const Bytes payload = message_.payload_of(part);
  const std::size_t delivered = take(payload);
  if (delivered < payload.size()) {
    paused_ = true;
    return part.size() - payload.size() + delivered;
  }
  if (last) message_.end();
  if (last && message_.channel() == number_of(Channel::kStatus) && !status_.empty()) {
    has_status_ = true;
    patience_.start(kPatience);
  }
  return part.size();
}

std::size_t RemoteStreams::take(Bytes part) {
  if (part.empty()) return 0;  // an empty message says that the server is there
  const std::uint8_t channel = message_.channel();
  if (channel == number_of(Channel::kOutput) || channel == number_of(Channel::kErrors)) {
    return handler_.on_output(static_cast<Channel>(channel), part);
  }
  if (channel == number_of(Channel::kStatus)) {
    const std::size_t room = kLongestStatus - status_.size();
    status_.append(as_text(part.first(std::min(part.size(), room))));
  }
  return part.size();
}

void RemoteStreams::on_written(std::size_t) {
  if (!ended_) handler_.on_written();
}

void RemoteStreams::end() {
  reset();
  handler_.on_ended(exit_code_of_status(status_, what_));
}

void RemoteStreams::end(Error error) {
  reset();
  handler_.on_ended(fail(std::move(error)));
}

void RemoteStreams::on_closed(Status status) {
  if (ended_) return;
  if (has_status_) return end();
  Error error{problem::kConnectionLost, what_,
              "the connection ended without a word about the command",
              "check the network and try again; the command may still run"};
  if (!status) {
    error.code = status.error().code;
    error.why = status.error().summary();
  }
  end(std::move(error));
}

}  // namespace ferry::exec
