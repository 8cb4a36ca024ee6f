#include "daemon/draining_session.h"

#include <utility>

namespace ferry::daemon {
namespace {

constexpr Duration kLongest = std::chrono::seconds(30);  // a proxy drains for 25 s
constexpr Duration kPause = std::chrono::milliseconds(50);
constexpr Duration kPatience = std::chrono::seconds(2);  // with one attempt

}  // namespace

DrainingSession::DrainingSession(net::Loop& loop, std::unique_ptr<TunnelSession> session,
                                 std::unique_ptr<CarrierSource> way, OnOver on_over)
    : loop_(loop),
      until_(loop.now() + kLongest),
      on_over_(std::move(on_over)),
      session_(std::move(session)),
      way_(std::move(way)),
      again_(loop, [this] { try_again(); }) {}

void DrainingSession::carrier_lost(const Error& error) {
  lost_by_ = error;
  again_.start(kPause);
}

void DrainingSession::try_again() {
  if (!way_ || gone_ || loop_.now() >= until_) return on_over_(lost_by_);
  again_.start(kPatience);
  way_->connect([this](Result<NewCarrier> carrier) { connected(std::move(carrier)); },
                [](const std::string&) {});
}

void DrainingSession::connected(Result<NewCarrier> carrier) {
  again_.stop();
  if (carrier) return session_->resume(std::move(*carrier));
  gone_ = carrier.error().code == ErrorCode::kGone;
  again_.start(kPause);
}

}  // namespace ferry::daemon
