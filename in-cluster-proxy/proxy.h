// ferry-proxy as a whole: the tunnel port, the sessions behind it, the health port, and when it all
// ends.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "in-cluster-proxy/config.h"
#include "in-cluster-proxy/health_server.h"
#include "in-cluster-proxy/metrics.h"
#include "in-cluster-proxy/session_table.h"
#include "in-cluster-proxy/stand_in.h"
#include "in-cluster-proxy/target_dialer.h"
#include "in-cluster-proxy/target_policy.h"
#include "in-cluster-proxy/tunnel_gate.h"
#include "net/loop.h"
#include "net/timer.h"

namespace ferry::proxy {

class Proxy {
 public:
  // `on_over`: nobody needs it any more (idle) or it has drained; once, from within the loop.
  // `restore`: what a stand-in does when its daemon doesn't come back; null: nothing. It must
  // outlive the proxy. Errors: kInvalid (certificates that don't fit), those of
  // net::Listener::create().
  static Result<std::unique_ptr<Proxy>> create(net::Loop& loop, Config config,
                                               std::function<void()> on_over,
                                               OrphanRestore* restore = nullptr);
  ~Proxy();

  // With the real ports.
  net::HostPort tunnel_address() const { return gate_.address(); }
  std::vector<net::HostPort> health_addresses() const { return health_.addresses(); }
  const SessionTable& sessions() const { return sessions_; }
  const TunnelGate& gate() const { return gate_; }
  const Metrics& metrics() const { return metrics_; }

  // Not ready any more, no new sessions and streams; over once the open streams have ended or the
  // time for it has. A daemon that loses its carrier meanwhile can come back to its session.
  // A stand-in takes callers for a while, since some don't know yet that it isn't ready.
  void drain();

 private:
  Proxy(net::Loop& loop, Config config, net::TlsContext tls, std::function<void()> on_over,
        OrphanRestore* restore);

  Status listen();
  // Why /readyz says no; empty: it says yes.
  std::string_view not_ready() const;
  Gauges gauges() const;
  void stop_accepting();
  void let_go_of_quiet();
  void on_change();
  void end(const std::string& why);

  net::Loop& loop_;
  const Config config_;
  std::function<void()> on_over_;
  Metrics metrics_;
  bool draining_ = false;
  bool over_ = false;
  std::unique_ptr<StandIn> stand_in_;  // null: it isn't one
  TargetPolicy policy_;
  TargetDialer dialer_;
  net::Timer idle_;
  net::Timer drain_deadline_;
  net::Timer accepting_;   // while draining: callers are taken as long as it is active
  net::Timer quiet_look_;  // behind that
  net::Timer drained_look_;
  TimePoint drained_by_{};
  SessionTable sessions_;
  TunnelGate gate_;
  HealthServer health_;
};

}  // namespace ferry::proxy
