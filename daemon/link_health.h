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
  // `test_every`: a port that nothing was heard of for so long is tested again; > 0.
  LinkHealth(net::Loop& loop, std::size_t ports, Duration test_every,
             std::function<void()> on_change);

  // Tests each port that isn't known to work, now and, while one fails, after growing waits of 1 to
  // 30 s; later those of which nothing was heard for long. The route outlives the tests; stop()
  // ends them.
  void watch(LinkRoute& route);
  // Ends all tests and forgets what is known: something on the way has changed. A test that
  // somebody asked for has failed by `why`, if it is cut off.
  void stop(const Error& why);
  bool watching() const { return route_ != nullptr; }
  // Tests all ports, if it watches.
  void test_now();
  // A test was asked for, and there is no way to be tested.
  void not_tested(const Error& why);

  // What the user's own connections have met.
  void connected(std::size_t port);
  void refused(std::size_t port, const Error& error);

  // All ports are known to take connections.
  bool proven() const;
  // Why one of them does not; none while nothing speaks against it.
  std::optional<Error> trouble() const;
  // It passed when each port has: it has been as long as for the one of which that was heard least
  // lately. Its `way` is empty.
  control::SelfTest last_test() const;

 private:
  struct Port {
    bool works = false;
    TimePoint proven{};              // when, if it works
    control::UnixMillis passed = 0;  // the same, by the clock
    std::optional<Error> error;
    std::unique_ptr<ConnectionTest> test;
  };

  void test_ports(bool all);
  void plan_next_test();
  bool testing() const;
  void note_success(control::UnixMillis now);
  void tested(std::size_t port, std::optional<Error> error);

  net::Loop& loop_;
  const Duration test_every_;
  const std::function<void()> on_change_;
  LinkRoute* route_ = nullptr;  // none: not watching
  std::vector<Port> ports_;
  Backoff backoff_;
  net::Timer retest_;
  bool retest_is_routine_ = false;  // nothing has failed
  bool asked_ = false;              // by test_now(), and some of it is still under way
  control::SelfTest last_test_;
};

}  // namespace ferry::daemon
