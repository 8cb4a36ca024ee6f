// The backend that is real: kubeconfigs, API servers, proxies.
#pragma once

#include <mutex>
#include <string>

#include "daemon/backend.h"
#include "daemon/workers.h"

namespace ferry::daemon {

class ClusterBackend final : public Backend {
 public:
  // `state_dir`: where the certificates of tunnels are kept.
  ClusterBackend(net::Loop& loop, std::string state_dir);

  Result<Cluster> open_cluster(const control::KubeAccess& access) override;
  Result<ProxyIdentity> swap_identity(const Cluster& cluster, const std::string& swap_id) override;
  std::string installation_id() override;
  void forget_swap_identity(const Cluster& cluster, const std::string& swap_id) override;
  std::unique_ptr<PodDialer> pod_dialer(const Cluster& cluster) override;
  std::unique_ptr<CarrierSource> proxy_in_cluster(const Cluster& cluster,
                                                  const control::ProxyOptions& options) override;
  std::unique_ptr<CarrierSource> proxy_at(const std::string& address,
                                          const std::string& credentials) override;
  std::unique_ptr<CarrierSource> stand_in(const StandInPlace& place) override;
  bool has_proxy_image(const control::ProxyOptions& options) override;

 private:
  net::Loop& loop_;
  const std::string state_dir_;
  std::mutex installation_mutex_;
  Workers workers_;
};

}  // namespace ferry::daemon
