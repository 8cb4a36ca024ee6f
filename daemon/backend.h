// What links need of the world: clusters, pods, proxies. The daemon uses ClusterBackend; tests put
// their own in its place.
#pragma once

#include <memory>
#include <string>

#include "daemon/carrier_source.h"
#include "daemon/control/api.h"
#include "daemon/direct_connection.h"
#include "daemon/proxy_identity.h"
#include "kube/api.h"
#include "kube/credentials.h"

namespace ferry::daemon {

// One cluster, as one user, with a namespace to look in.
struct Cluster {
  std::string context;  // may be empty (in a pod)
  std::string ns;
  std::string kubeconfig_list;  // the files that were read, absolute, as KUBECONFIG would hold them
  std::string server;           // URL, for messages
  std::string user;
  std::shared_ptr<kube::Api> api;                  // shared with the tasks that use it
  std::shared_ptr<kube::Credentials> credentials;  // shared with dials
};

// Makes `access` lead to that cluster and namespace from now on, whatever becomes the current
// context or its namespace, and whatever KUBECONFIG the next daemon has.
void settle_access(control::KubeAccess& access, const Cluster& cluster);

// What tells the tunnel to a user's proxy from others.
std::string proxy_key(const Cluster& cluster);

// The proxy that stands in for a swapped workload.
struct StandInPlace {
  Cluster cluster;
  std::string swap_id;
  ProxyIdentity identity;
};

class Backend {
 public:
  virtual ~Backend() = default;

  // Reads the kubeconfig. Blocks; any thread. Errors: those of kube::load().
  virtual Result<Cluster> open_cluster(const control::KubeAccess& access) = 0;

  // The certificates of a swap's tunnel: made the first time, kept until they are forgotten.
  // Blocks; any thread. Errors: those of load_or_make_proxy_identity().
  virtual Result<ProxyIdentity> swap_identity(const Cluster& cluster,
                                              const std::string& swap_id) = 0;
  // A random id of this installation (one user's state directory): what tells its swaps from those
  // of others. Made the first time; empty where it can't be kept. Blocks; any thread.
  virtual std::string installation_id() = 0;
  virtual void forget_swap_identity(const Cluster& cluster, const std::string& swap_id) = 0;

  // The rest: on the loop's thread.
  virtual std::unique_ptr<PodDialer> pod_dialer(const Cluster& cluster) = 0;
  virtual std::unique_ptr<CarrierSource> proxy_in_cluster(const Cluster& cluster,
                                                          const control::ProxyOptions& options) = 0;
  virtual std::unique_ptr<CarrierSource> proxy_at(const std::string& address,
                                                  const std::string& credentials) = 0;
  virtual std::unique_ptr<CarrierSource> stand_in(const StandInPlace& place) = 0;
  // Whether an image for the proxy is known at all.
  virtual bool has_proxy_image(const control::ProxyOptions& options) = 0;
};

}  // namespace ferry::daemon
