// What stands on this machine for a swapped container: the tunnel to its stand-in, the local ports
// that the stand-in's callers get to, the probes that say whether the local process takes them, and
// the container's environment. It only serves and tells; where the swap goes is SwapLink's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/link.h"
#include "daemon/probe/probe_set.h"
#include "daemon/swap/environment.h"
#include "daemon/swap/local_ports.h"
#include "daemon/swap/service_check.h"
#include "daemon/tunnel_pool.h"
#include "kube/swap/plan.h"

namespace ferry::daemon {

// On the loop's thread; never from within the LocalSide's constructor.
class LocalSideEvents {
 public:
  // Anything that it tells of may be other than before.
  virtual void on_local_side_changed() = 0;
  // kProgress, kNotice, kLiveness, kFiles.
  virtual void on_local_side_message(control::EventKind kind, const std::string& message) = 0;

 protected:
  ~LocalSideEvents() = default;
};

struct LocalSideOptions {
  StandInPlace place;
  std::vector<swap::Exposed> ports;
  std::vector<ServiceWay> ways;    // to be tested
  ContainerProbes probes;          // of parse_probes()
  std::string kubernetes_version;  // empty: not told
};

class LocalSide final : private TunnelEvents,
                        private ProbeEvents,
                        private LocalPortsEvents,
                        private ServiceCheckEvents {
 public:
  // `house` and `events` outlive it. Callers are served from start() on.
  LocalSide(const LinkHouse& house, const control::SwapSpec& spec, LocalSideOptions options,
            LocalSideEvents& events);
  // Callers' connections are reset, and the tunnel is let go of.
  ~LocalSide() override;
  LocalSide(const LocalSide&) = delete;
  LocalSide& operator=(const LocalSide&) = delete;

  void start();

  bool connected() const { return tunnel_->ready(); }
  // It is connected, and the local process takes callers.
  bool ready() const { return connected() && probes_->ready(); }
  // Why callers aren't taken; empty: they are.
  std::string obstacle() const;
  // The test from inside the cluster; somebody else watches and stops it.
  ServiceCheck& check() { return *check_; }
  const ServiceCheck& check() const { return *check_; }
  const std::string& tunnel_id() const { return tunnel_->id(); }
  std::vector<control::ExposedPort> ports() const;
  std::vector<control::ProbeStatus> probes() const { return probes_->statuses(); }
  // One line of JSON, as the proxy told it; empty: not yet.
  const std::string& environment() const { return environment_; }
  control::Traffic traffic() const { return ports_->traffic(); }
  void sample_rate() { ports_->sample_rate(); }

 private:
  void on_tunnel_changed() override;
  void on_tunnel_progress(const std::string& message) override;
  void on_ready_changed(bool ready, const std::string& why) override;
  void on_probe_event(const std::string& line) override;
  void on_liveness_failed(const std::string& why) override;
  void on_ports_changed() override;
  void on_port_refused(std::uint16_t remote, const std::string& why) override;
  void on_caller_served(std::uint16_t remote) override { check_->caller_came(remote); }
  void on_check_changed() override { events_.on_local_side_changed(); }
  void on_way_test_begins(std::uint16_t remote) override { ports_->await_test(remote); }
  void on_way_test_over(bool accepted) override { ports_->test_over(accepted); }

  bool process_runs() const;

  const LinkHouse house_;
  const LocalSideOptions options_;
  const bool probed_;  // a readiness probe decides
  LocalSideEvents& events_;
  Tunnel* tunnel_ = nullptr;  // held in the pool
  std::unique_ptr<ServiceCheck> check_;
  std::unique_ptr<LocalPorts> ports_;
  std::unique_ptr<ProbeSet> probes_;
  std::unique_ptr<EnvironmentFollower> environment_follower_;
  std::string environment_;
};

}  // namespace ferry::daemon
