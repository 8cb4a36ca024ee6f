#include "cli/cluster.h"

#include <unistd.h>

#include <utility>

#include "base/write_all.h"
#include "kube/curl_api.h"

namespace ferry::cli {

kube::KubeconfigSource kubeconfig_source(const control::KubeAccess& access) {
  kube::KubeconfigSource source{.environment = access.environment,
                                .working_directory = access.working_directory,
                                .explicit_path = access.kubeconfig,
                                .context = access.context,
                                .ns = access.kube_namespace};
  if (!access.kubeconfig_list.empty()) source.environment["KUBECONFIG"] = access.kubeconfig_list;
  return source;
}

Result<Cluster> open_cluster(const control::KubeAccess& access) {
  const auto pass_on = [](std::string_view words) { write_all(STDERR_FILENO, words); };
  return open_cluster(access, {.terminal = true, .on_plugin_output = pass_on});
}

Result<Cluster> open_cluster(const control::KubeAccess& access, kube::CredentialsOptions options) {
  auto config = kube::load(kubeconfig_source(access));
  if (!config) return fail(config.error());
  Cluster cluster{.ns = config->ns};
  cluster.credentials = std::make_shared<kube::Credentials>(std::move(*config), std::move(options));
  cluster.api = std::make_unique<kube::CurlApi>(cluster.credentials);
  return cluster;
}

}  // namespace ferry::cli
