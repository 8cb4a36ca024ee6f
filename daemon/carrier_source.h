// Where a tunnel's carriers come from: a mutually authenticated TLS connection to the proxy.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "tunnel/io/carrier.h"
#include "tunnel/types.h"

namespace ferry::daemon {

struct NewCarrier {
  std::unique_ptr<tunnel::Carrier> carrier;
  // Proves to the proxy, on this very carrier, that the session's secret is known.
  std::function<tunnel::Proof(const tunnel::Secret&)> prove;
  std::string peer;     // for people: "pod/ferry-proxy-x", "10.0.0.7:8443"
  std::string process;  // differs when the proxy is another process; empty: not known
  // What opened the way here expires then, and the way may be cut; none: never, or not known.
  std::optional<Duration> expires_in = std::nullopt;
};

// How often a place that keeps silent is asked again.
constexpr Duration kAskAgain = std::chrono::milliseconds(250);

class CarrierSource {
 public:
  // Exactly once per connect(), never from within it. Errors: kGone when the process that the last
  // carrier led to no longer exists; anything else leaves that open.
  using Callback = std::function<void(Result<NewCarrier>)>;
  // Lines for people while a long step goes on ("waiting for pod/x: ContainerCreating").
  using Progress = std::function<void(const std::string&)>;

  virtual ~CarrierSource() = default;

  // Makes one attempt. An attempt that is still under way is given up.
  virtual void connect(Callback callback, Progress progress) = 0;

  // The process that the last carrier led to is about to end: an attempt that is under way is given
  // up, and the next connect() looks for another. What is returned leads to that process all the
  // same, as long as it is there.
  virtual std::unique_ptr<CarrierSource> abandon() = 0;
};

}  // namespace ferry::daemon
