// Environment and files of a swapped container, as the proxy in it tells them: one line of JSON,
// and another one whenever they change (in-cluster-proxy/README.md).
#pragma once

#include <functional>
#include <string>

#include "daemon/connection.h"
#include "daemon/tunnel.h"
#include "net/timer.h"

namespace ferry::daemon {

class EnvironmentFollower final : private ConnectionObserver {
 public:
  // Each time a whole line has come: not parsed, without the line feed.
  using OnLine = std::function<void(std::string line)>;

  // Asks again for as long as it lives, of each proxy that the tunnel leads to. The tunnel outlives
  // it.
  EnvironmentFollower(net::Loop& loop, Tunnel& tunnel, OnLine on_line);
  ~EnvironmentFollower();
  EnvironmentFollower(const EnvironmentFollower&) = delete;
  EnvironmentFollower& operator=(const EnvironmentFollower&) = delete;

 private:
  void ask();
  void on_connected(std::size_t port) override;
  void on_ended(std::size_t port, const ConnectionEnd& end) override;

  net::Loop& loop_;
  Tunnel& tunnel_;
  const OnLine on_line_;
  net::Timer retry_;
};

}  // namespace ferry::daemon
