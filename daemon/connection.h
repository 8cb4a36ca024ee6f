// What becomes of one accepted local connection, whichever route carries it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/error.h"

namespace ferry::daemon {

struct ConnectionEnd {
  bool opened = false;         // false: the target never accepted it
  std::optional<Error> error;  // none: both directions ended in order
  std::uint64_t sent = 0;      // bytes toward the cluster
  std::uint64_t received = 0;
};

// Not owned by what carries the connection. `port` is the index among the link's ports.
class ConnectionObserver {
 public:
  // The target has accepted the connection (as far as the route can tell).
  virtual void on_connected(std::size_t port) = 0;
  // The last word. The local socket is gone by then, reset if there is an error.
  virtual void on_ended(std::size_t port, const ConnectionEnd& end) = 0;

 protected:
  ~ConnectionObserver() = default;
};

// Of the connections that are open now.
struct OpenTraffic {
  std::uint64_t connections = 0;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
};

}  // namespace ferry::daemon
