// Connects streams to what they ask for: looked up in the pod, judged by the policy, bounded in
// number.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "in-cluster-proxy/target_policy.h"
#include "net/byte_stream.h"
#include "net/dialer.h"
#include "net/loop.h"
#include "tunnel/types.h"

namespace ferry::proxy {

// As it goes to the peer: what a program decides by, and what a person reads.
struct Refusal {
  tunnel::Reason reason = tunnel::Reason::kInternal;
  std::string detail;
};

class TargetDialer {
 public:
  using Callback =
      std::function<void(std::unique_ptr<net::ByteStream> socket, const Refusal& refusal)>;

  // One attempt; destroying it cancels it. May be destroyed from within its callback.
  class Attempt : public net::Disposable {
   public:
    Attempt(TargetDialer& dialer, const tunnel::Target& target, Callback callback);
    ~Attempt() override;

   private:
    TargetDialer& dialer_;
    std::unique_ptr<net::Dial> dial_;
  };

  // `policy` and `loop` must outlive the dialer, the dialer its attempts. Of the attempts, one for
  // each session that there may be is kept back: none has to wait for its first because of others.
  TargetDialer(net::Loop& loop, const TargetPolicy& policy, Duration timeout,
               std::size_t max_attempts, std::size_t max_sessions);

  // The most that one session has under way, as a multiple of what is left of those not kept back:
  // alone it may have four fifths of them.
  static constexpr std::size_t kGreed = 4;

  // The callback comes once, never from within: with a socket, or with null and why. `own`: the
  // attempts that the same session has under way. Null when it has its share of those allowed.
  std::unique_ptr<Attempt> dial(const tunnel::Target& target, std::size_t own, Callback callback);

 private:
  bool may_dial(std::size_t own) const;

  net::Loop& loop_;
  net::DialOptions options_;
  const std::size_t max_attempts_;
  const std::size_t shared_;  // of them, for more than each session's first
  std::size_t attempts_ = 0;
};

// The reason on the wire for what a dial failed with.
tunnel::Reason reason_of(net::DialFailure failure);

}  // namespace ferry::proxy
