// Whether the target of a link really takes connections: what tests and the users' own connections
// have shown, port by port.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/backoff.h"
#include "daemon/connection_test.h"
#include "daemon/control/api.h"
#include "net/timer.h"

namespace ferry::daemon {

class LinkHealth {
 public:
  // `on_change`: the answer of trouble() or proven() may be another one. Not called from within
  // the members below, save connected() and refused().
  LinkHealth(net::Loop& loop, std::size_t ports, std::function<void()> on_change);

  // Tests each port that isn't known to work, now and, while one fails, after growing waits of 1 to
  // 30 s. The route outlives the tests; stop() ends them.
  void watch(LinkRoute& route);
  // Ends all tests and forgets what is known: something on the way has changed.
  void stop();

  // What the user's own connections have met.
  void connected(std::size_t port);
  void refused(std::size_t port, const Error& error);

  // All ports are known to take connections.
  bool proven() const;
  // Why one of them does not; none while nothing speaks against it.
  std::optional<Error> trouble() const;
  control::UnixMillis last_proof() const { return last_proof_; }

 private:
  struct Port {
    bool works = false;
    std::optional<Error> error;
    std::unique_ptr<ConnectionTest> test;
  };

  void test_ports();
  void tested(std::size_t port, std::optional<Error> error);

  const std::function<void()> on_change_;
  LinkRoute* route_ = nullptr;  // none: not watching
  std::vector<Port> ports_;
  Backoff backoff_;
  net::Timer retest_;
  control::UnixMillis last_proof_ = 0;
};

}  // namespace ferry::daemon
