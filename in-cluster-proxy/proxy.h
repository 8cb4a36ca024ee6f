// ferry-proxy as a whole: the tunnel port, the sessions behind it, the health port, and when it all
// ends.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "in-cluster-proxy/config.h"
#include "in-cluster-proxy/health_server.h"
#include "in-cluster-proxy/session_table.h"
#include "in-cluster-proxy/target_dialer.h"
#include "in-cluster-proxy/target_policy.h"
#include "in-cluster-proxy/tunnel_gate.h"
#include "net/loop.h"
#include "net/timer.h"

namespace ferry::proxy {

class Proxy {
 public:
  // `on_over`: nobody needs it any more (idle) or it has drained; once, from within the loop.
  // Errors: kInvalid (certificates that don't fit), those of net::Listener::create().
  static Result<std::unique_ptr<Proxy>> create(net::Loop& loop, Config config,
                                               std::function<void()> on_over);
  ~Proxy();

  // With the real ports.
  net::HostPort tunnel_address() const { return gate_.address(); }
  std::vector<net::HostPort> health_addresses() const { return health_.addresses(); }
  const SessionTable& sessions() const { return sessions_; }
  const TunnelGate& gate() const { return gate_; }

  // Not ready any more, no new streams; over once the open ones have ended or the time for it has.
  void drain();

 private:
  Proxy(net::Loop& loop, Config config, net::TlsContext tls, std::function<void()> on_over);

  Status listen();
  void on_change();
  void end(const std::string& why);

  const Config config_;
  std::function<void()> on_over_;
  bool draining_ = false;
  bool over_ = false;
  TargetPolicy policy_;
  TargetDialer dialer_;
  net::Timer idle_;
  net::Timer drain_deadline_;
  SessionTable sessions_;
  TunnelGate gate_;
  HealthServer health_;
};

}  // namespace ferry::proxy
