#include "daemon/cluster_backend.h"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include "daemon/own_environment.h"
#include "daemon/private_file.h"
#include "daemon/problems.h"
#include "daemon/proxy_at.h"
#include "daemon/proxy_identity.h"
#include "daemon/proxy_in_cluster.h"
#include "kube/curl_api.h"
#include "kube/kubeconfig.h"
#include "kube/port_forward.h"
#include "kube/swap/stand_in.h"

namespace ferry::daemon {
namespace {

constexpr std::size_t kInstallationIdSize = 32;  // hexadecimal digits

std::string join(const std::vector<std::string>& paths) {
  std::string list;
  for (const auto& path : paths) list += (list.empty() ? "" : ":") + path;
  return list;
}

// What stands beside the cluster's URL where identities are told apart.
std::string purpose_of(const Cluster& cluster, const std::string& swap_id) {
  return cluster.ns + "/swap/" + swap_id;
}

Result<ProxyPod> find_stand_in(const StandInPlace& place, kube::Api& api,
                               const ProxyProgress& progress, const kube::CancelToken& cancel) {
  swap::RealPace pace;
  swap::Run run{.api = api, .pace = pace, .cancel = cancel, .progress = progress, .limits = {}};
  const auto pod = swap::find_stand_in_pod(run, place.cluster.ns, place.swap_id);
  if (!pod) return fail(pod.error());
  if (!pod->running) {
    const std::string name = pod->name.empty() ? "the stand-in's pod" : "pod/" + pod->name;
    return fail(problem::kPodNotThere, "reaching " + name,
                pod->trouble.empty() ? "it isn't there" : pod->trouble);
  }
  const auto& identity = place.identity;
  return ProxyPod{.ns = place.cluster.ns,
                  .name = pod->name,
                  .uid = pod->uid,
                  .port = pod->port,
                  .credentials = {.ca_pem = identity.ca_pem,
                                  .certificate_pem = identity.daemon.certificate_pem,
                                  .key_pem = identity.daemon.key_pem}};
}

class PortForwardDialer final : public PodDialer {
 public:
  PortForwardDialer(net::Loop& loop, Cluster cluster) : loop_(loop), cluster_(std::move(cluster)) {}

  std::unique_ptr<net::Disposable> dial(const PodPort& target, Callback callback) override {
    return std::make_unique<kube::PortForwardDial>(
        loop_, cluster_.credentials,
        kube::PortForwardTarget{.ns = cluster_.ns, .pod = target.pod, .port = target.port},
        kube::PortForwardOptions{}, std::move(callback));
  }

 private:
  net::Loop& loop_;
  const Cluster cluster_;
};

}  // namespace

ClusterBackend::ClusterBackend(net::Loop& loop, std::string state_dir)
    : loop_(loop), state_dir_(std::move(state_dir)), workers_(loop) {}

Result<Cluster> ClusterBackend::open_cluster(const control::KubeAccess& access) {
  kube::KubeconfigSource source{
      .environment = access.environment.empty() ? own_environment() : access.environment,
      .working_directory = access.working_directory,
      .explicit_path = access.kubeconfig,
      .context = access.context,
      .ns = access.kube_namespace};
  if (!access.kubeconfig_list.empty()) source.environment["KUBECONFIG"] = access.kubeconfig_list;
  auto config = kube::load(source);
  if (!config) return fail(config.error());
  Cluster cluster{.context = config->context,
                  .ns = config->ns,
                  .kubeconfig_list = join(kube::kubeconfig_files(source)),
                  .server = kube::to_string(config->server),
                  .user = config->user_name};
  cluster.credentials = std::make_shared<kube::Credentials>(std::move(*config));
  cluster.api = std::make_shared<kube::CurlApi>(cluster.credentials);
  return cluster;
}

Result<ProxyIdentity> ClusterBackend::swap_identity(const Cluster& cluster,
                                                    const std::string& swap_id) {
  return load_or_make_proxy_identity(state_dir_, cluster.server, purpose_of(cluster, swap_id));
}

std::string ClusterBackend::installation_id() {
  const std::lock_guard lock(installation_mutex_);
  const auto path = std::filesystem::path(state_dir_) / "installation";
  std::string id;
  std::ifstream(path) >> id;
  if (id.size() == kInstallationIdSize) return id;
  id = random_hex(kInstallationIdSize);
  const Status kept = write_private_file(path, id + "\n");
  if (kept) return id;
  spdlog::warn("swaps go by user and host alone: {}", kept.error().summary());
  return {};
}

void ClusterBackend::forget_swap_identity(const Cluster& cluster, const std::string& swap_id) {
  forget_proxy_identity(state_dir_, cluster.server, purpose_of(cluster, swap_id));
}

std::unique_ptr<PodDialer> ClusterBackend::pod_dialer(const Cluster& cluster) {
  return std::make_unique<PortForwardDialer>(loop_, cluster);
}

std::unique_ptr<CarrierSource> ClusterBackend::proxy_in_cluster(
    const Cluster& cluster, const control::ProxyOptions& options) {
  const ProxyInstallOptions install{
      .ns = cluster.ns,
      .cluster = cluster.server,
      .state_dir = state_dir_,
      .image = options.image.empty() ? default_proxy_image() : options.image,
      .image_pull_policy = options.pull_policy,
      .pull_secrets = options.pull_secrets,
      .idle_exit = std::chrono::seconds(options.idle_exit_seconds)};
  return std::make_unique<ProxyInCluster>(
      loop_, workers_, cluster,
      [install](kube::Api& api, const ProxyProgress& progress, const kube::CancelToken& cancel) {
        return ensure_proxy(api, install, progress, cancel);
      });
}

std::unique_ptr<CarrierSource> ClusterBackend::proxy_at(const std::string& address,
                                                        const std::string& credentials) {
  return std::make_unique<ProxyAt>(loop_, address, credentials);
}

std::unique_ptr<CarrierSource> ClusterBackend::stand_in(const StandInPlace& place) {
  return std::make_unique<ProxyInCluster>(
      loop_, workers_, place.cluster,
      [place](kube::Api& api, const ProxyProgress& progress, const kube::CancelToken& cancel) {
        return find_stand_in(place, api, progress, cancel);
      });
}

bool ClusterBackend::has_proxy_image(const control::ProxyOptions& options) {
  return !options.image.empty() || !default_proxy_image().empty();
}

}  // namespace ferry::daemon
