#include "daemon/tunnel_session.h"

#include <utility>
#include <vector>

#include "base/version.h"
#include "daemon/problems.h"
#include "net/address.h"

namespace ferry::daemon {
namespace {

const Problem& problem_of(tunnel::Reason reason) {
  switch (reason) {
    case tunnel::Reason::kRefused: return problem::kTargetRefused;
    case tunnel::Reason::kNoSuchHost: return problem::kTargetNameUnknown;
    case tunnel::Reason::kTimedOut: return problem::kTargetTimedOut;
    case tunnel::Reason::kReset: return problem::kStreamReset;
    case tunnel::Reason::kForbidden: return problem::kTargetForbidden;
    case tunnel::Reason::kLimit: return problem::kProxyLimit;
    case tunnel::Reason::kShuttingDown: return problem::kProxyEnding;
    case tunnel::Reason::kCancelled: return problem::kStreamCancelled;
    case tunnel::Reason::kInternal: return problem::kProxyFault;
    default: return problem::kTargetUnreachable;
  }
}

std::string fix_of(tunnel::Reason reason) {
  switch (reason) {
    case tunnel::Reason::kRefused: return "check that something listens on that port";
    case tunnel::Reason::kNoSuchHost: return "check the name; it is looked up inside the cluster";
    case tunnel::Reason::kTimedOut:
    case tunnel::Reason::kUnreachable:
      return "check the address, and whether a NetworkPolicy forbids it";
    case tunnel::Reason::kForbidden: return "the proxy's policy decides which targets are allowed";
    case tunnel::Reason::kLimit: return "close connections, or try again in a moment";
    default: return {};
  }
}

Error error_of(const tunnel::StreamEnd& end, const std::string& target) {
  const std::string what =
      end.opened ? "the connection to " + target : "connecting to " + target + " in the cluster";
  const std::string why = end.detail.empty() ? std::string(name_of(end.reason)) : end.detail;
  return Error{problem_of(end.reason), what, why, fix_of(end.reason)};
}

std::string text_of(const tunnel::Target& target) {
  return to_string(net::HostPort{target.host, target.port});
}

tunnel::Options with_version(tunnel::Options options) {
  options.version = std::string(version());
  return options;
}

}  // namespace

TunnelSession::TunnelSession(net::Loop& loop, const tunnel::Options& options,
                             std::shared_ptr<tunnel::MemoryBudget> memory, std::string process,
                             tunnel::Farewells& farewells, TunnelSessionOwner& owner)
    : owner_(owner),
      process_(std::move(process)),
      memory_(std::move(memory)),
      io_(loop,
          std::make_unique<tunnel::Session>(tunnel::Role::kDaemon, with_version(options),
                                            tunnel::SessionKeys{}, memory_.get()),
          *this, farewells),
      dials_(
          loop, io_,
          [this](tunnel::StreamId stream, const LocalPlace& place,
                 std::unique_ptr<net::ByteStream> socket) {
            streams_.emplace(stream, Stream{callers_, place.port, to_string(place.address), true});
            callers_->on_connected(place.port);
            io_.accept(stream, std::move(socket));
          }) {}

void TunnelSession::attach(std::unique_ptr<tunnel::Carrier> carrier) {
  io_.attach(std::move(carrier));
}

void TunnelSession::resume(NewCarrier carrier) {
  const auto proof = carrier.prove(io_.session().keys().secret);
  io_.resume(std::move(carrier.carrier), proof);
}

void TunnelSession::open(const tunnel::Target& target, std::unique_ptr<net::ByteStream> socket,
                         std::size_t port, ConnectionObserver& observer) {
  auto stream = io_.open(target, std::move(socket));
  if (!stream) {
    observer.on_ended(port, {.opened = false, .error = stream.error()});
    return;
  }
  streams_.emplace(*stream, Stream{&observer, port, text_of(target)});
}

void TunnelSession::forget(const ConnectionObserver& observer) {
  std::vector<tunnel::StreamId> ids;
  for (auto& [id, stream] : streams_) {
    if (stream.observer == &observer) ids.push_back(id);
  }
  for (const auto id : ids) streams_.erase(id);  // first: the reset comes back as an event
  for (const auto id : ids) io_.reset(id, tunnel::Reason::kCancelled);
}

// One at a time: an observer may be told of one stream and forget others from within.
void TunnelSession::end_streams(const Error& error) {
  while (!streams_.empty()) {
    const auto first = streams_.begin();
    const tunnel::StreamId id = first->first;
    const Stream stream = std::move(first->second);
    streams_.erase(first);
    const auto traffic = io_.traffic(id).value_or(tunnel::StreamTraffic{});
    io_.reset(id, tunnel::Reason::kCancelled);
    stream.observer->on_ended(stream.port, {.opened = stream.accepted,
                                            .error = error,
                                            .sent = traffic.to_peer,
                                            .received = traffic.from_peer});
  }
}

OpenTraffic TunnelSession::traffic(const ConnectionObserver& observer) const {
  OpenTraffic sum;
  for (const auto& [id, stream] : streams_) {
    if (stream.observer != &observer) continue;
    const auto traffic = io_.traffic(id).value_or(tunnel::StreamTraffic{});
    ++sum.connections;
    sum.sent += traffic.to_peer;
    sum.received += traffic.from_peer;
  }
  return sum;
}

void TunnelSession::on_established(bool resumed, const std::string&) {
  owner_.on_session_ready(*this, resumed);
}

void TunnelSession::serve(CallerService* service) {
  callers_ = service;
  if (service == nullptr) dials_.refuse_all();
}

void TunnelSession::listen(std::uint16_t port) {
  const auto asked = io_.listen(port);
  if (asked || callers_ == nullptr) return;
  callers_->on_listen_result(
      {.port = port, .reason = tunnel::Reason::kLimit, .detail = asked.error().why});
}

void TunnelSession::on_listen_result(const tunnel::ListenResult& result) {
  if (callers_ != nullptr) callers_->on_listen_result(result);
}

void TunnelSession::on_opened(tunnel::StreamId stream, const tunnel::Target& target) {
  dials_.take(stream, target, callers_);
}

void TunnelSession::on_accepted(tunnel::StreamId stream) {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  found->second.accepted = true;
  found->second.observer->on_connected(found->second.port);
}

void TunnelSession::on_stream_ended(const tunnel::StreamEnd& end) {
  dials_.cancel(end.stream);
  const auto found = streams_.find(end.stream);
  if (found == streams_.end()) return;
  const Stream stream = std::move(found->second);
  streams_.erase(found);
  ConnectionEnd summary{
      .opened = end.opened, .sent = end.traffic.to_peer, .received = end.traffic.from_peer};
  if (end.reason != tunnel::Reason::kNone) summary.error = error_of(end, stream.target);
  stream.observer->on_ended(stream.port, summary);
}

void TunnelSession::on_carrier_lost(const Error& error) {
  owner_.on_session_carrier_lost(*this, error);
}

void TunnelSession::on_going_away(tunnel::Reason reason, Duration) {
  if (reason == tunnel::Reason::kShuttingDown) {
    owner_.on_session_going_away(*this);
  } else {
    owner_.on_session_carrier_ending(*this);
  }
}

void TunnelSession::on_failed(const Error& error) {
  end_streams(error);
  owner_.on_session_over(*this, error);
}

}  // namespace ferry::daemon
