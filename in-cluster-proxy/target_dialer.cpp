#include "in-cluster-proxy/target_dialer.h"

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
                           std::size_t max_attempts)
    : loop_(loop), max_attempts_(max_attempts) {
  options_.timeout = timeout;
  options_.spares_descriptors = true;
  options_.permit = [&policy](const net::HostPort& address) { return policy.permits(address); };
}

std::unique_ptr<TargetDialer::Attempt> TargetDialer::dial(const tunnel::Target& target,
                                                          std::size_t own, Callback callback) {
  if (own >= kGreed * (max_attempts_ - attempts_)) return nullptr;
  return std::make_unique<Attempt>(*this, target, std::move(callback));
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
