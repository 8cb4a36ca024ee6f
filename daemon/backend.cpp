#include "daemon/backend.h"

namespace ferry::daemon {

void settle_access(control::KubeAccess& access, const Cluster& cluster) {
  access.context = cluster.context;
  access.kube_namespace = cluster.ns;
  if (access.kubeconfig.empty()) access.kubeconfig_list = cluster.kubeconfig_list;
}

std::string proxy_key(const Cluster& cluster) {
  return "proxy " + cluster.server + " " + cluster.user + " " + cluster.ns;
}

}  // namespace ferry::daemon
