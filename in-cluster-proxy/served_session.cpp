#include "in-cluster-proxy/served_session.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "base/version.h"

namespace ferry::proxy {
namespace {

std::unique_ptr<tunnel::Session> make_session(const tunnel::SessionKeys& keys) {
  tunnel::Options options;
  options.version = std::string(version());
  return std::make_unique<tunnel::Session>(tunnel::Role::kProxy, options, keys);
}

// Enough of the id to tell sessions apart in a log; the id itself is no secret.
std::string short_name(const tunnel::SessionId& id) {
  return spdlog::fmt_lib::format("session {:02x}{:02x}{:02x}{:02x}", id[0], id[1], id[2], id[3]);
}

}  // namespace

ServedSession::ServedSession(net::Loop& loop, TargetDialer& dialer, const tunnel::SessionKeys& keys,
                             ServedSessionOwner& owner)
    : loop_(loop),
      dialer_(dialer),
      owner_(owner),
      name_(short_name(keys.id)),
      io_(loop, make_session(keys), *this) {}

void ServedSession::retire() {
  dials_.clear();
  io_.retire();
}

void ServedSession::begin(std::unique_ptr<tunnel::Carrier> carrier, Bytes early) {
  io_.attach(std::move(carrier), early);
}

Status ServedSession::resume(std::unique_ptr<tunnel::Carrier>& carrier,
                             const tunnel::Session::ResumeRequest& request,
                             const tunnel::Proof& expected, Bytes early) {
  return io_.accept_resume(carrier, request, expected, early);
}

void ServedSession::drain() {
  draining_ = true;
  io_.go_away(tunnel::Reason::kShuttingDown, Duration::zero());
}

void ServedSession::on_established(bool resumed, const std::string& peer_version) {
  spdlog::info("{}: {} (ferryd {}), {} streams", name_, resumed ? "resumed" : "begun", peer_version,
               io_.stream_count());
  owner_.on_session_changed(*this);
}

void ServedSession::on_opened(tunnel::StreamId stream, const tunnel::Target& target) {
  if (draining_) return io_.refuse(stream, tunnel::Reason::kShuttingDown, "the proxy is ending");
  auto attempt = dialer_.dial(target, [this, stream](auto socket, const Refusal& refusal) {
    on_dialled(stream, std::move(socket), refusal);
  });
  if (!attempt) return io_.refuse(stream, tunnel::Reason::kLimit, "too many pending connections");
  spdlog::debug("{}: stream {} to {}", name_, stream, net::to_string({target.host, target.port}));
  dials_[stream] = std::move(attempt);
}

void ServedSession::on_dialled(tunnel::StreamId stream, std::unique_ptr<net::ByteStream> socket,
                               const Refusal& refusal) {
  dials_.erase(stream);
  if (socket) return io_.accept(stream, std::move(socket));
  spdlog::info("{}: stream {} refused: {}", name_, stream, refusal.detail);
  io_.refuse(stream, refusal.reason, refusal.detail);
}

// The proxy opens no streams.
void ServedSession::on_accepted(tunnel::StreamId) {}

void ServedSession::on_stream_ended(const tunnel::StreamEnd& end) {
  dials_.erase(end.stream);
  spdlog::debug("{}: stream {} ended ({}), {} bytes out, {} back", name_, end.stream,
                tunnel::name_of(end.reason), end.traffic.from_peer, end.traffic.to_peer);
  owner_.on_session_changed(*this);
}

void ServedSession::on_carrier_lost(const Error& error) {
  detached_since_ = loop_.now();
  spdlog::info("{}: tunnel lost ({}), {} streams kept", name_, error.why, io_.stream_count());
  owner_.on_session_changed(*this);
}

// A daemon that leaves closes its streams itself.
void ServedSession::on_going_away(tunnel::Reason reason, Duration) {
  spdlog::debug("{}: the daemon is leaving ({})", name_, tunnel::name_of(reason));
}

void ServedSession::on_failed(const Error& error) {
  spdlog::warn("{}: over: {}", name_, error.summary());
  dials_.clear();
  owner_.on_session_over(*this);
}

}  // namespace ferry::proxy
