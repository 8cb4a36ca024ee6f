#include "daemon/tunnel.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "daemon/problems.h"

namespace ferry::daemon {

using control::TunnelState;

namespace {

constexpr Duration kRenewEarly = std::chrono::seconds(30);  // kube::Credentials does it before that
// A carrier that lasted so long was no bad try: the next one is made at once.
constexpr Duration kStable = std::chrono::seconds(2);

}  // namespace

Tunnel::Tunnel(net::Loop& loop, const TunnelOptions& options, std::unique_ptr<CarrierSource> source,
               control::TunnelStatus status, TunnelEvents& events)
    : loop_(loop),
      options_(options),
      source_(std::move(source)),
      status_(std::move(status)),
      events_(events),
      backoff_(options.first_backoff, options.max_backoff),
      retry_timer_(loop, [this] { retry(); }),
      expiry_timer_(loop, [this] { renew(Renewal::kWanted, "the credentials of its way expire"); }),
      waiting_(loop, options.max_pending, options.pending_timeout,
               [this] { return status_.reason; }),
      farewells_(loop),
      draining_(loop, status_.id, [this](const TunnelSession& session, bool cut) {
        if (cut) ++status_.sessions_lost;
        count_past(session);
      }) {
  status_.since = control::unix_millis_now();
}

Tunnel::~Tunnel() {
  // A stand-in then closes its ports at once.
  if (session_ && (callers_ready_ || !listening_.empty())) session_->say_goodbye();
}

void Tunnel::start() { retry_later(); }

void Tunnel::carry(const tunnel::Target& target, std::unique_ptr<net::ByteStream> socket,
                   std::size_t port, ConnectionObserver& observer) {
  if (ready()) {
    session_->open(target, std::move(socket), port, observer);
    return;
  }
  if (!waiting_.add({target, std::move(socket), port, &observer})) return;
  if (attempt_since_ || greeting_since_) {
    // As for check_now(): one that looks for a proxy is let alone.
    if (session_ && !retry_timer_.active()) retry_when_patience_ends();
  } else if (retry_timer_.active() && retry_at_ - loop_.now() > options_.urgent_backoff) {
    retry_after(options_.urgent_backoff);
  }
}

void Tunnel::forget(const ConnectionObserver& observer) {
  waiting_.forget(observer);
  if (session_) session_->forget(observer);
  draining_.for_each([&](TunnelSession& session) { session.forget(observer); });
}

void Tunnel::leave() {
  if (leaving()) return;
  spdlog::info("tunnel {}: no link needs it; the proxy is told once it can be reached", id());
  way_back_ = source_->abandon();
  if (std::exchange(attempt_since_, std::nullopt)) retry_later();
}

void Tunnel::check_now() {
  if (ready()) session_->probe();
  if (ready() && renewal_ == Renewal::kNone) return;
  given_up_ = 0;
  if (!attempt_since_ && !greeting_since_) {
    backoff_.reset();
    retry_later();
  } else if (session_) {
    // The attempt may hang in a network that is no more. One that looks for a proxy is let alone.
    backoff_.reset();
    retry_when_patience_ends();
  }
}

control::TunnelStatus Tunnel::status() const {
  auto status = status_;
  status.bytes_sent = past_sent_;
  status.bytes_received = past_received_;
  const auto add = [&status](const TunnelSession& session) {
    const auto stats = session.stats();
    status.streams += stats.streams;
    status.bytes_sent += stats.bytes_sent;
    status.bytes_received += stats.bytes_received;
  };
  draining_.for_each(add);
  if (session_) {
    add(*session_);
    const auto round_trip = session_->stats().round_trip.value_or(Duration{});
    status.round_trip_microseconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(round_trip).count());
  }
  return status;
}

OpenTraffic Tunnel::traffic(const ConnectionObserver& observer) const {
  OpenTraffic sum;
  const auto add = [&](const TunnelSession& session) {
    const auto part = session.traffic(observer);
    sum.connections += part.connections;
    sum.sent += part.sent;
    sum.received += part.received;
  };
  draining_.for_each(add);
  if (session_) add(*session_);
  sum.connections += waiting_.count(observer);
  return sum;
}

// --- callers -------------------------------------------------------------------------------------

void Tunnel::serve(CallerService* service) {
  callers_ = service;
  if (session_) session_->serve(service);
  draining_.for_each([&](TunnelSession& session) { session.serve(service); });
}

void Tunnel::listen(std::uint16_t port) {
  if (listening_.insert(port).second && session_ && session_->established()) {
    session_->listen(port);
  }
}

void Tunnel::unlisten(std::uint16_t port) {
  if (listening_.erase(port) == 0) return;
  if (session_ && session_->established()) session_->unlisten(port);
  draining_.for_each([&](TunnelSession& session) { session.unlisten(port); });
}

void Tunnel::set_ready(bool ready) {
  if (callers_ready_ == ready) return;
  callers_ready_ = ready;
  if (session_ && session_->established()) session_->set_ready(ready);
}

void Tunnel::say_what_is_served(TunnelSession& session) {
  for (const auto port : std::set(listening_)) session.listen(port);
  if (callers_ready_) session.set_ready(true);
}

// --- connecting ----------------------------------------------------------------------------------

void Tunnel::connect() {
  attempt_since_ = loop_.now();
  // What was sent into a network that is no more is repeated by the kernel after 1, 3, 7 seconds.
  if (session_ && urgent()) retry_after(patience());
  (leaving() ? way_back_ : source_)
      ->connect(
          [this](Result<NewCarrier> carrier) {
            if (carrier) {
              connected(std::move(*carrier));
            } else {
              connecting_failed(carrier.error());
            }
          },
          [this](const std::string& message) { events_.on_tunnel_progress(message); });
}

// How long an attempt may take before another one looks more promising: longer each time, lest a
// way that has become slow is given up again and again.
Duration Tunnel::patience() const {
  constexpr unsigned kDoublings = 4;
  constexpr Duration kLongest = std::chrono::seconds(5);  // to begin with
  const Duration usual = std::min(3 * connecting_took_, kLongest);
  return std::max(options_.patience, usual) * (1U << std::min(given_up_, kDoublings));
}

void Tunnel::retry() {
  if (leaving() && !session_) return;
  if (ready() && renewal_ == Renewal::kNone) return;
  if (attempt_since_ || greeting_since_) ++given_up_;
  connect();
}

void Tunnel::retry_when_patience_ends() {
  const TimePoint since = attempt_since_ ? *attempt_since_ : greeting_since_.value_or(loop_.now());
  retry_after(std::max(since + patience() - loop_.now(), Duration::zero()));
}

void Tunnel::retry_after(Duration wait) {
  retry_at_ = loop_.now() + wait;
  retry_timer_.start(wait);
}

void Tunnel::retry_later() {
  const Duration wait = backoff_.next();
  retry_after(urgent() ? std::min(wait, options_.urgent_backoff) : wait);
}

bool Tunnel::urgent() const {
  const bool in_doubt = ready() && renewal_ == Renewal::kInDoubt;
  return in_doubt || !waiting_.empty() ||
         (lost_since_ && loop_.now() - *lost_since_ < options_.urgent);
}

// Makes another carrier while the one that there is goes on.
void Tunnel::renew(Renewal renewal, const std::string& why) {
  if (!ready() || renewal_ >= renewal) return;
  spdlog::info("tunnel {}: {}: making another connection", id(), why);
  renewal_ = renewal;
  if (loop_.now() - ready_since_ > kStable) backoff_.reset();
  if (!attempt_since_ && !retry_timer_.active()) retry_later();
}

void Tunnel::plan_renewal(const NewCarrier& carrier) {
  expiry_timer_.stop();
  // Credentials that could not be renewed lead to ever shorter lives, and then to the end.
  const Duration life = carrier.expires_in.value_or(Duration::zero());
  if (life >= options_.shortest_use) expiry_timer_.start(life - std::min(kRenewEarly, life / 5));
}

void Tunnel::connected(NewCarrier carrier) {
  const Duration took = loop_.now() - attempt_since_.value_or(loop_.now());
  // One that was begun in an outage may have lasted as long as that.
  const bool usual = !ever_ready_ || (ready() && renewal_ != Renewal::kInDoubt);
  if (usual || took < connecting_took_) connecting_took_ = took;
  attempt_since_.reset();
  retry_timer_.stop();
  if (ready() && renewal_ == Renewal::kInDoubt && !session_->in_doubt()) {
    spdlog::info("tunnel {}: the connection answers again, and stays", id());
    renewal_ = Renewal::kNone;
  }
  if (ready() && renewal_ == Renewal::kNone) {
    given_up_ = 0;
    loop_.delete_later(std::move(carrier.carrier));
    return;
  }
  plan_renewal(carrier);
  status_.peer = carrier.peer;
  if (session_ && !carrier.process.empty() && carrier.process != session_->process()) {
    if (ready()) {
      let_finish(nullptr, carrier.peer + " takes over");
    } else {
      lose_session({problem::kProxyGone, "the tunnel's session", "its proxy process is gone", {}});
    }
  }
  if (session_ && !session_->established()) release(std::move(session_));
  // A way that lets itself be dialled may swallow what is said on it.
  greeting_since_ = loop_.now();
  retry_when_patience_ends();
  if (session_) {
    spdlog::info("tunnel {}: connected to {}, resuming", id(), carrier.peer);
    session_->resume(std::move(carrier));
    return;
  }
  spdlog::info("tunnel {}: connected to {}", id(), carrier.peer);
  TunnelSessionOwner& owner = *this;
  session_ = std::make_unique<TunnelSession>(loop_, options_.session, options_.memory,
                                             carrier.process, farewells_, owner);
  session_->serve(callers_);
  session_->attach(std::move(carrier.carrier));
}

void Tunnel::connecting_failed(const Error& error) {
  attempt_since_.reset();
  if (ready() && error.code != ErrorCode::kGone) {
    spdlog::debug("tunnel {}: no other connection yet: {}", id(), error.summary());
    if (renewal_ == Renewal::kInDoubt && !session_->in_doubt()) renewal_ = Renewal::kNone;
    retry_later();
    return;
  }
  // Retries mostly fail as the last one did. `what` may name a pod made anew for each of them.
  const auto& last = status_.last_error;
  const bool known = last && status_.reason == last->summary() && last->code == error.code &&
                     last->why == error.why;
  spdlog::log(known ? spdlog::level::debug : spdlog::level::warn, "tunnel {}: {}", id(),
              error.summary());
  status_.last_error = error;
  if (session_ && error.code == ErrorCode::kGone) lose_session(error);
  set_state(ever_ready_ ? TunnelState::kLost : TunnelState::kConnecting, error.summary());
  retry_later();
}

// --- the session's events ------------------------------------------------------------------------

void Tunnel::on_session_ready(TunnelSession& session, bool resumed) {
  if (&session != session_.get()) return draining_.ready(session);
  ready_since_ = loop_.now();
  renewal_ = Renewal::kNone;
  greeting_since_.reset();
  given_up_ = 0;
  if (!attempt_since_) retry_timer_.stop();
  if (ever_ready_) ++status_.reconnects;
  ever_ready_ = true;
  spdlog::info("tunnel {}: ready{}", id(), resumed ? " again, session resumed" : "");
  if (!resumed) say_what_is_served(session);
  set_state(TunnelState::kReady, {});
  carry_waiting();
}

void Tunnel::on_session_carrier_lost(TunnelSession& session, const Error& error) {
  if (&session != session_.get()) return draining_.lost(session, error, callers_ != nullptr);
  spdlog::warn("tunnel {}: lost: {}", id(), error.summary());
  status_.last_error = error;
  greeting_since_.reset();
  if (ready() && loop_.now() - ready_since_ > kStable) backoff_.reset();
  if (!session.established()) release(std::move(session_));
  set_state(ever_ready_ ? TunnelState::kLost : TunnelState::kConnecting, error.summary());
  if (!attempt_since_) {
    retry_later();
  } else if (!retry_timer_.active()) {
    // A renewal is on its way already. It may hang in what took the carrier.
    retry_when_patience_ends();
  }
}

void Tunnel::on_session_carrier_in_doubt(TunnelSession& session) {
  if (&session != session_.get()) return draining_.in_doubt(session);
  renew(Renewal::kInDoubt, "no answer yet");
}

void Tunnel::on_session_going_away(TunnelSession& session) {
  if (&session != session_.get()) return;
  spdlog::info("tunnel {}: {} is about to end", id(), status_.peer);
  let_finish(source_->abandon(), status_.peer + " is shutting down; waiting for its replacement");
  attempt_since_.reset();
  retry_later();
}

void Tunnel::let_finish(std::unique_ptr<CarrierSource> way, const std::string& reason) {
  greeting_since_.reset();
  // A stand-in goes on bringing callers for a while.
  if (session_->idle() && callers_ == nullptr) {
    release(std::move(session_));
  } else {
    draining_.add(std::move(session_), std::move(way));
  }
  set_state(TunnelState::kLost, reason);
}

void Tunnel::on_session_carrier_ending(TunnelSession& session) {
  if (&session == session_.get()) {
    renew(Renewal::kWanted, status_.peer + " wants another connection");
  }
}

void Tunnel::on_session_over(TunnelSession& session, const Error& error) {
  if (&session != session_.get()) return draining_.over(session);
  spdlog::warn("tunnel {}: session over: {}", id(), error.summary());
  ++status_.sessions_lost;
  status_.last_error = error;
  release(std::move(session_));
  set_state(ever_ready_ ? TunnelState::kLost : TunnelState::kConnecting, error.summary());
  if (!attempt_since_) retry_later();
}

void Tunnel::lose_session(const Error& error) {
  ++status_.sessions_lost;
  session_->end_streams(error);
  release(std::move(session_));
}

void Tunnel::release(std::unique_ptr<TunnelSession> session) {
  greeting_since_.reset();
  count_past(*session);
  loop_.delete_later(std::move(session));
}

void Tunnel::count_past(const TunnelSession& session) {
  past_sent_ += session.stats().bytes_sent;
  past_received_ += session.stats().bytes_received;
}

// An observer may forget others of its connections from within what it is told.
void Tunnel::carry_waiting() {
  for (std::size_t left = waiting_.size(); left > 0 && !waiting_.empty(); --left) {
    auto one = waiting_.take();
    carry(one.target, std::move(one.socket), one.port, *one.observer);
  }
}

void Tunnel::set_state(TunnelState state, const std::string& reason) {
  if (status_.state == state && status_.reason == reason) return;
  if (status_.state != state) status_.since = control::unix_millis_now();
  if (state == TunnelState::kLost) {
    if (!lost_since_) lost_since_ = loop_.now();
  } else {
    lost_since_.reset();
  }
  status_.state = state;
  status_.reason = reason;
  events_.on_tunnel_changed();
}

}  // namespace ferry::daemon
