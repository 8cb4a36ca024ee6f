// The test of a swap from end to end: a connection that the stand-in makes inside the cluster, to a
// Service's address, and that has to come back to a local port. Callers show as much, so there is
// none while they come.
//
// Connections bear no mark: a test has passed when its own was accepted and one from anywhere
// arrived meanwhile. Only a refusal speaks against the swap. A connection that gets no answer, or
// another pod's, may be due to where the test comes from: not every network leads a pod back to
// itself.
#pragma once

#include <functional>
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

// Those that a plan tells of; a few are enough.
std::vector<ServiceWay> service_ways(const swap::SwapPlan& plan);

class ServiceCheck final : private ConnectionObserver {
 public:
  // The tunnel to the stand-in outlives it. `test_every`: how long nobody may come until it is
  // tested again; > 0. `on_change`: settled() or trouble() may be other than before; never from
  // within watch(), stop() and test_now().
  ServiceCheck(net::Loop& loop, Tunnel& tunnel, std::vector<ServiceWay> ways, Duration test_every,
               std::function<void()> on_change);
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

  // A first test is over since watch(), or there is nothing to test.
  bool settled() const { return settled_ || ways_.empty(); }
  // Why callers are refused, as far as a test has shown it.
  const std::optional<Error>& trouble() const { return trouble_; }
  control::SelfTest last_test() const;

 private:
  void test_or_wait();
  void begin();
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
  const std::vector<ServiceWay> ways_;
  const Duration test_every_;
  const std::function<void()> on_change_;
  bool watching_ = false;
  bool asked_ = false;  // test_now() was called, and that test is not over
  bool settled_ = false;
  std::optional<Error> trouble_;
  control::SelfTest last_test_;
  TimePoint proven_{};  // when somebody last came

  // The test that is under way.
  std::size_t at_ = 0;
  bool connected_ = false;
  bool came_ = false;
  bool ending_ = false;  // it works; its end is waited for
  IdleStream::Handle local_;
  std::optional<Error> failure_;  // the first of its ways
  bool refused_ = false;          // that failure was a refusal

  Backoff backoff_;
  net::Timer due_;    // until the next test
  net::Timer limit_;  // of one way; it runs while an answer is awaited
  net::Timer next_;   // when no code of the tunnel is on the stack
};

}  // namespace ferry::daemon
