#include "in-cluster-proxy/served_session.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "base/version.h"

namespace ferry::proxy {
namespace {

std::unique_ptr<tunnel::Session> make_session(const tunnel::SessionKeys& keys,
                                              tunnel::MemoryBudget& memory) {
  tunnel::Options options;
  options.version = std::string(version());
  return std::make_unique<tunnel::Session>(tunnel::Role::kProxy, options, keys, &memory);
}

// Enough of the id to tell sessions apart in a log; the id itself is no secret.
std::string short_name(const tunnel::SessionId& id) {
  return spdlog::fmt_lib::format("session {:02x}{:02x}{:02x}{:02x}", id[0], id[1], id[2], id[3]);
}

}  // namespace

ServedSession::ServedSession(net::Loop& loop, TargetDialer& dialer, StandIn* stand_in,
                             const tunnel::SessionKeys& keys,
                             const std::optional<tunnel::Holder>& holder, Metrics& metrics,
                             tunnel::MemoryBudget& memory, tunnel::Farewells& farewells,
                             ServedSessionOwner& owner)
    : loop_(loop),
      dialer_(dialer),
      stand_in_(stand_in),
      metrics_(metrics),
      owner_(owner),
      name_(short_name(keys.id)),
      holder_(holder),
      io_(loop, make_session(keys, memory), *this, farewells) {}

void ServedSession::retire() {
  dials_.clear();
  close_links();
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

bool ServedSession::ready(Duration tolerated_loss) const {
  return peer_ready_ && attached_of_late(tolerated_loss);
}

void ServedSession::drain() {
  draining_ = true;
  say_goodbye();
  for (const tunnel::StreamId stream : std::exchange(services_, {})) {
    io_.reset(stream, tunnel::Reason::kShuttingDown);
  }
}

void ServedSession::say_goodbye() { io_.go_away(tunnel::Reason::kShuttingDown, Duration::zero()); }

void ServedSession::on_established(bool resumed, const std::string& peer_version) {
  spdlog::info("{}: {} (ferryd {}), {} streams", name_, resumed ? "resumed" : "begun", peer_version,
               io_.stream_count());
  superseded_ = false;
  if (draining_) say_goodbye();  // once more: what was said may have been lost with the carrier
  owner_.on_session_changed(*this);
}

void ServedSession::on_opened(tunnel::StreamId stream, const tunnel::Target& target) {
  ++metrics_.streams_opened;
  if (draining_) return refuse(stream, tunnel::Reason::kShuttingDown, "the proxy is ending");
  if (target.kind == tunnel::TargetKind::kService) return serve(stream, target.host);
  auto attempt =
      dialer_.dial(target, dials_.size(), [this, stream](auto socket, const Refusal& refusal) {
        on_dialled(stream, std::move(socket), refusal);
      });
  if (!attempt) return refuse(stream, tunnel::Reason::kLimit, "too many pending connections");
  spdlog::debug("{}: stream {} to {}", name_, stream, net::to_string({target.host, target.port}));
  dials_[stream] = std::move(attempt);
}

void ServedSession::on_dialled(tunnel::StreamId stream, std::unique_ptr<net::ByteStream> socket,
                               const Refusal& refusal) {
  dials_.erase(stream);
  if (socket) return io_.accept(stream, std::move(socket));
  spdlog::info("{}: stream {} refused: {}", name_, stream, refusal.detail);
  refuse(stream, refusal.reason, refusal.detail);
}

void ServedSession::refuse(tunnel::StreamId stream, tunnel::Reason reason,
                           const std::string& detail) {
  ++metrics_.streams_refused;
  io_.refuse(stream, reason, detail);
}

void ServedSession::serve(tunnel::StreamId stream, const std::string& service) {
  if (stand_in_ == nullptr || service != "environment") {
    return refuse(stream, tunnel::Reason::kForbidden, "this proxy has no service " + service);
  }
  services_.insert(stream);
  io_.accept(stream, stand_in_->environment.open());
}

// The daemon's local process has taken the caller.
void ServedSession::on_accepted(tunnel::StreamId) {}

void ServedSession::on_stream_ended(const tunnel::StreamEnd& end) {
  dials_.erase(end.stream);
  services_.erase(end.stream);
  callers_.remove(end.stream);
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
  if (reason != tunnel::Reason::kShuttingDown) return;
  peer_ready_ = false;
  close_links();
}

void ServedSession::on_listen_requested(std::uint16_t port) {
  if (stand_in_ == nullptr) {
    return io_.not_listening(port, tunnel::Reason::kForbidden, "this proxy is no stand-in");
  }
  const Status opened = stand_in_->links.open(port, *this);
  if (opened) {
    spdlog::info("{}: listening on port {}", name_, port);
    return io_.listening(port);
  }
  spdlog::warn("{}: {}", name_, opened.error().summary());
  const bool taken = opened.error().code == ErrorCode::kAlreadyExists;
  io_.not_listening(port, taken ? tunnel::Reason::kRefused : tunnel::Reason::kForbidden,
                    opened.error().why);
}

void ServedSession::on_unlisten_requested(std::uint16_t port) {
  if (stand_in_ == nullptr) return;
  spdlog::info("{}: no longer listening on port {}", name_, port);
  stand_in_->links.close(port, *this);
}

void ServedSession::on_peer_ready(bool ready) {
  spdlog::info("{}: {}", name_, ready ? "ready for callers" : "not ready for callers");
  peer_ready_ = ready;
}

void ServedSession::on_caller(std::uint16_t port, const net::HostPort& caller,
                              std::unique_ptr<net::ByteStream> socket) {
  const std::string from = net::to_string(caller);
  const auto stream = io_.open({from, port, tunnel::TargetKind::kLink}, std::move(socket));
  ++metrics_.streams_opened;
  if (stream) {
    callers_.add(*stream);
    spdlog::debug("{}: stream {} from {} on port {}", name_, *stream, from, port);
  } else {
    spdlog::debug("{}: caller {} on port {}: {}", name_, from, port, stream.error().summary());
  }
}

void ServedSession::close_links() {
  if (stand_in_ != nullptr) stand_in_->links.close_all(*this);
}

void ServedSession::on_failed(const Error& error) {
  spdlog::warn("{}: over: {}", name_, error.summary());
  const bool protocol = error.code == ErrorCode::kProtocol;
  metrics_.count(protocol ? SessionFate::kProtocol : SessionFate::kFailed);
  dials_.clear();
  close_links();
  owner_.on_session_over(*this);
}

}  // namespace ferry::proxy
