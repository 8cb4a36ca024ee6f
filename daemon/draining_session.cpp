#include "daemon/draining_session.h"

#include <utility>

namespace ferry::daemon {
namespace {

constexpr Duration kLongest = std::chrono::seconds(30);  // a proxy drains for 25 s
constexpr Duration kFirstPause = std::chrono::milliseconds(50);
constexpr Duration kLongestPause = std::chrono::seconds(1);
constexpr Duration kFirstPatience = std::chrono::seconds(2);  // with one attempt, and its greeting

}  // namespace

DrainingSession::DrainingSession(net::Loop& loop, std::unique_ptr<TunnelSession> session,
                                 std::unique_ptr<CarrierSource> way, OnOver on_over)
    : loop_(loop),
      until_(loop.now() + kLongest),
      on_over_(std::move(on_over)),
      session_(std::move(session)),
      way_(std::move(way)),
      backoff_(kFirstPause, kLongestPause),
      patience_(kFirstPatience),
      again_(loop, [this] { try_again(); }) {}

void DrainingSession::carrier_ready() {
  lost_by_.reset();
  backoff_.reset();
  patience_ = kFirstPatience;
  again_.stop();
}

void DrainingSession::carrier_lost(const Error& error) {
  lost_by_ = error;
  again_.start(backoff_.next());
}

void DrainingSession::carrier_in_doubt() {
  if (!again_.active()) again_.start(Duration::zero());
}

void DrainingSession::try_again() {
  if (!way_ || gone_ || loop_.now() >= until_) {
    if (lost_by_) on_over_(*lost_by_);
    return;
  }
  again_.start(patience_);
  patience_ *= 2;  // a way that has become slow isn't given up again and again
  way_->connect([this](Result<NewCarrier> carrier) { connected(std::move(carrier)); },
                [](const std::string&) {});
}

void DrainingSession::connected(Result<NewCarrier> carrier) {
  if (carrier && !lost_by_ && !session_->in_doubt()) {  // it answers again, and stays
    loop_.delete_later(std::move(carrier->carrier));
    return carrier_ready();
  }
  if (carrier) {
    again_.start(patience_);
    return session_->resume(std::move(*carrier));
  }
  gone_ = carrier.error().code == ErrorCode::kGone;
  again_.start(backoff_.next());
}

}  // namespace ferry::daemon
