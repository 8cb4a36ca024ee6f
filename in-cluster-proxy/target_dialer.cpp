#include "in-cluster-proxy/target_dialer.h"

#include <algorithm>
#include <utility>

namespace ferry::proxy {

TargetDialer::Attempt::Attempt(TargetDialer& dialer, const tunnel::Target& target,
                               Callback callback)
    : dialer_(dialer) {
  ++dialer_.attempts_;
  dial_ = std::make_unique<net::Dial>(
      dialer_.loop_, net::HostPort{target.host, target.port}, dialer_.options_,
      [this, done = std::move(callback)](Result<std::unique_ptr<net::ByteStream>> result) {
        if (result) return done(std::move(*result), {});
        done(nullptr, Refusal{reason_of(dial_->failure()), result.error().why});
      });
}

TargetDialer::Attempt::~Attempt() { --dialer_.attempts_; }

TargetDialer::TargetDialer(net::Loop& loop, const TargetPolicy& policy, Duration timeout,
                           std::size_t max_attempts, std::size_t max_sessions)
    : loop_(loop),
      max_attempts_(max_attempts),
      shared_(max_attempts - std::min(max_attempts, max_sessions)) {
  options_.timeout = timeout;
  options_.spares_descriptors = true;
  options_.permit = [&policy](const net::HostPort& address) { return policy.permits(address); };
}

std::unique_ptr<TargetDialer::Attempt> TargetDialer::dial(const tunnel::Target& target,
                                                          std::size_t own, Callback callback) {
  if (!may_dial(own)) return nullptr;
  return std::make_unique<Attempt>(*this, target, std::move(callback));
}

// Beyond `shared_` each session has one at most, so together they never exceed the maximum.
bool TargetDialer::may_dial(std::size_t own) const {
  if (own == 0) return attempts_ < max_attempts_;
  return attempts_ < shared_ && own < kGreed * (shared_ - attempts_);
}

tunnel::Reason reason_of(net::DialFailure failure) {
  switch (failure) {
    case net::DialFailure::kNoSuchName: return tunnel::Reason::kNoSuchHost;
    case net::DialFailure::kNotPermitted: return tunnel::Reason::kForbidden;
    case net::DialFailure::kRefused: return tunnel::Reason::kRefused;
    case net::DialFailure::kUnreachable: return tunnel::Reason::kUnreachable;
    case net::DialFailure::kTimedOut: return tunnel::Reason::kTimedOut;
    case net::DialFailure::kNoDescriptor: return tunnel::Reason::kLimit;
    case net::DialFailure::kNone: break;
  }
  return tunnel::Reason::kInternal;
}

}  // namespace ferry::proxy
