// The test of a swap from end to end: connections that the stand-in makes inside the cluster, to
// the address of each Service's port, and that have to come back to a local port. A caller shows as
// much of the way that leads to its port, so that one isn't tested while callers come. Where
// several do, it can't be seen which of them a caller took.
//
// Connections bear no mark: a test has passed when its own was accepted and one from anywhere
// arrived meanwhile. Only a refusal speaks against the swap. A connection that gets no answer, or
// another pod's, may be due to where the test comes from: not every network leads a pod back to
// itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/backoff.h"
#include "daemon/idle_stream.h"
#include "daemon/tunnel.h"
#include "kube/swap/plan.h"
#include "net/timer.h"

namespace ferry::daemon {

// From a Service to a port of the stand-in.
struct ServiceWay {
  std::string service;  // for people: "svc/web"
  net::HostPort address;
  std::uint16_t remote = 0;
};

// Those that a plan tells of.
std::vector<ServiceWay> service_ways(const swap::SwapPlan& plan);

// Not owned by the check.
class ServiceCheckEvents {
 public:
  // settled() or trouble() may be other than before; never from within watch(), stop() and
  // test_now().
  virtual void on_check_changed() = 0;
  // A connection is made that should come back by this port of the stand-in.
  virtual void on_way_test_begins(std::uint16_t remote) = 0;
  // It is over. `accepted`: somebody took the connection, or it was cut off before that was known.
  virtual void on_way_test_over(bool accepted) = 0;

 protected:
  ~ServiceCheckEvents() = default;
};

class ServiceCheck final : private ConnectionObserver {
 public:
  // So many are tested, one after the other; last_test().way says how many are not.
  static constexpr std::size_t kMaxWays = 16;

  // The tunnel to the stand-in and `events` outlive it. `test_every`: how long nobody may come by a
  // way until it is tested again; > 0.
  ServiceCheck(net::Loop& loop, Tunnel& tunnel, std::vector<ServiceWay> ways, Duration test_every,
               ServiceCheckEvents& events);
  ~ServiceCheck();
  ServiceCheck(const ServiceCheck&) = delete;
  ServiceCheck& operator=(const ServiceCheck&) = delete;

  // The swap should work from now on: begins to test. Nothing if it watches already.
  void watch();
  // Ends the tests and forgets what is known, save last_test(). A test that somebody asked for has
  // failed by `why`, if it is cut off.
  void stop(const std::string& why);
  bool watching() const { return watching_; }
  void test_now();
  // A test was asked for, and can't be made.
  void not_tested(const std::string& why);

  // Somebody was connected to the local port behind `remote`.
  void caller_came(std::uint16_t remote);

  // Each way was tested since watch(), or one of them has failed, or there is nothing to test.
  bool settled() const;
  // Why callers of one of the ways are refused, as far as a test has shown it.
  std::optional<Error> trouble() const;
  // It passed when each way has: it has been as long as for the one of which that was heard least
  // lately.
  control::SelfTest last_test() const;

 private:
  struct Way {
    ServiceWay to;
    bool known = false;              // tested since watch(), or somebody came
    TimePoint looked{};              // when, if it is known
    control::UnixMillis passed = 0;  // by the clock; 0: never
    std::optional<Error> error;      // of its last test
    bool refused = false;            // that was a refusal
  };

  bool due(const Way& way) const;
  void test_or_wait();
  void plan_next_test();
  Way& under_test() { return ways_[run_[at_]]; }
  // What leads to that port of the stand-in, if it is one way.
  Way* only_way_to(std::uint16_t remote);
  void passed(Way& way);
  void note_result();
  void try_way();
  void end_way();
  void settle_way(std::optional<Error> error);
  void next_way();
  void finish();
  void on_connected(std::size_t index) override;
  void on_ended(std::size_t index, const ConnectionEnd& end) override;
  void out_of_time();

  net::Loop& loop_;
  Tunnel& tunnel_;
  std::vector<Way> ways_;
  const Duration test_every_;
  ServiceCheckEvents& events_;
  bool watching_ = false;
  bool asked_ = false;  // test_now() was called, and that test is not over
  control::SelfTest last_test_;

  // The tests that are under way.
  std::vector<std::size_t> run_;  // of these ways
  std::size_t at_ = 0;            // in `run_`
  bool connected_ = false;
  bool came_ = false;
  bool ending_ = false;  // it works; its end is waited for
  IdleStream::Handle local_;

  Backoff backoff_;
  net::Timer due_;    // until the next test
  net::Timer limit_;  // of one way; it runs while an answer is awaited
  net::Timer next_;   // when no code of the tunnel is on the stack
};

}  // namespace ferry::daemon
