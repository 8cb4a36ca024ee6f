#include "kube/in_cluster.h"

#include "kube/text.h"
#include "kube/url.h"

namespace ferry::kube {
namespace {

constexpr const char* kHost = "KUBERNETES_SERVICE_HOST";
constexpr const char* kPort = "KUBERNETES_SERVICE_PORT";

Error not_mounted(Error error) {
  error.what += " (the pod's service account)";
  error.fix = "check that the pod has a service account and automountServiceAccountToken";
  return error;
}

}  // namespace

bool in_cluster(const KubeconfigSource& source) {
  return source.environment.contains(kHost) && source.environment.contains(kPort);
}

Result<ClusterConfig> load_in_cluster(const KubeconfigSource& source) {
  const std::string& host = source.environment.at(kHost);
  const bool v6 = host.find(':') != std::string::npos;
  auto server = parse_server_url(
      (v6 ? "https://[" + host + "]:" : "https://" + host + ":") + source.environment.at(kPort),
      true);
  if (!server) {
    Error error = server.error();
    error.what = std::string("reading ") + kHost + " and " + kPort;
    return fail(std::move(error));
  }
  const std::string& folder = source.service_account_directory;
  auto authority = read_file(folder + "/ca.crt");
  if (!authority) return fail(not_mounted(authority.error()));
  const auto token = read_file(folder + "/token");
  if (!token) return fail(not_mounted(token.error()));
  const auto ns = read_file(folder + "/namespace");

  ClusterConfig config;
  config.environment = source.environment;
  config.server = std::move(*server);
  config.ca_pem = std::move(*authority);
  config.user.token_file = folder + "/token";
  if (ns && !trim(*ns).empty()) config.ns = trim(*ns);
  if (!source.ns.empty()) config.ns = source.ns;
  auto proxy = proxy_from_environment(config.environment, config.server);
  if (!proxy) return fail(proxy.error());
  config.proxy = std::move(*proxy);
  return config;
}

}  // namespace ferry::kube
