#include "daemon/callers.h"

#include <utility>

#include "daemon/proxy_protocol.h"

namespace ferry::daemon {
namespace {

constexpr Duration kDialTimeout = std::chrono::seconds(5);
// The kernel answers for a server on this machine, and at once, except where the server's backlog
// is full (often of five only): then it says nothing, and would try again after 1, 3 and 7 s.
constexpr Duration kAttempt = std::chrono::milliseconds(50);
constexpr std::size_t kMaxDials = 1024;

}  // namespace

void CallerDials::take(tunnel::StreamId stream, const tunnel::Target& target,
                       CallerService* service) {
  const auto place = service != nullptr ? service->place_of(target.port) : std::nullopt;
  if (!place) {
    io_.refuse(stream, tunnel::Reason::kNoSuchLink, "nothing is linked to this port");
    return;
  }
  if (dials_.size() >= kMaxDials) {
    io_.refuse(stream, tunnel::Reason::kLimit, "too many connections are being made");
    return;
  }
  Pending& pending = dials_[stream];
  pending = {*place, target, service, loop_.now() + kDialTimeout};
  dial(stream, pending);
}

void CallerDials::dial(tunnel::StreamId stream, Pending& pending) {
  pending.dial = std::make_unique<net::Dial>(
      loop_, pending.place.address,
      net::DialOptions{.timeout = kAttempt, .spares_descriptors = true},
      [this, stream](auto socket) { dialled(stream, std::move(socket)); });
}

void CallerDials::cancel(tunnel::StreamId stream) {
  const auto found = dials_.find(stream);
  if (found == dials_.end()) return;
  loop_.delete_later(std::move(found->second.dial));
  dials_.erase(found);
}

void CallerDials::refuse_all() {
  for (auto& [stream, pending] : std::exchange(dials_, {})) {
    loop_.delete_later(std::move(pending.dial));
    io_.refuse(stream, tunnel::Reason::kNoSuchLink, "the link has ended");
  }
}

void CallerDials::dialled(tunnel::StreamId stream,
                          Result<std::unique_ptr<net::ByteStream>> socket) {
  Pending& pending = dials_.at(stream);
  loop_.delete_later(std::move(pending.dial));
  const bool late = !socket && socket.error().code == ErrorCode::kTimedOut;
  if (late && loop_.now() < pending.deadline) return dial(stream, pending);
  const Pending done = std::move(pending);
  dials_.erase(stream);
  if (!socket) {
    io_.refuse(stream, late ? tunnel::Reason::kTimedOut : tunnel::Reason::kRefused,
               socket.error().why);
    // One that doesn't answer in time listens all the same.
    if (!late) done.service->on_nobody_there(done.place);
    return;
  }
  if (done.place.proxy_protocol) {
    const auto header = proxy_protocol_header(done.caller.host, done.caller.port);
    (*socket)->write(Bytes(header.data(), header.size()));
  }
  on_made_(stream, done.place, std::move(*socket));
}

}  // namespace ferry::daemon
