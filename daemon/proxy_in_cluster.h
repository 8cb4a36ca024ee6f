// A proxy in a namespace of a cluster: found (or installed), and reached by a port-forward through
// the API server.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "daemon/backend.h"
#include "daemon/carrier_handshake.h"
#include "daemon/proxy_install.h"
#include "daemon/workers.h"
#include "kube/port_forward.h"

namespace ferry::daemon {

// Finds the pod to go to. Blocks, on a worker thread.
using FindProxy = std::function<Result<ProxyPod>(kube::Api& api, const ProxyProgress& progress,
                                                 const kube::CancelToken& cancel)>;

class ProxyInCluster final : public CarrierSource {
 public:
  ProxyInCluster(net::Loop& loop, Workers& workers, Cluster cluster, FindProxy find);

  // The pod that served last is tried first, without asking the API server anything else. When the
  // API server, or the pod, refuses, the next attempt looks whether the pod is still there (kGone
  // if not), and the one after that finds another. Where the certificates are refused (they may
  // have ended), the next attempt finds it anew.
  void connect(Callback callback, Progress progress) override;
  std::unique_ptr<CarrierSource> abandon() override;

 private:
  enum class Step { kDial, kCheck, kFind };

  void give_up();
  void dial();
  void shake_hands(std::unique_ptr<net::ByteStream> stream);
  void check();
  void find(const Progress& progress);
  void fail_attempt(const Error& error, Step next);

  net::Loop& loop_;
  Workers& workers_;
  const Cluster cluster_;
  const FindProxy find_;
  Step step_ = Step::kFind;
  int dials_in_vain_ = 0;  // since the last answer
  std::optional<ProxyPod> pod_;
  std::shared_ptr<net::LastAddress> last_address_ = std::make_shared<net::LastAddress>();
  Callback callback_;
  std::unique_ptr<Task> task_;
  std::unique_ptr<kube::PortForwardDial> dial_;
  std::unique_ptr<CarrierHandshake> handshake_;
};

}  // namespace ferry::daemon
