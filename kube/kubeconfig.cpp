#include "kube/kubeconfig.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/suggest.h"
#include "kube/in_cluster.h"
#include "kube/kubeconfig_file.h"
#include "kube/problems.h"
#include "kube/text.h"
#include "kube/url.h"

namespace ferry::kube {
namespace {

namespace fs = std::filesystem;

std::string variable(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

std::string absolute(const KubeconfigSource& source, std::string_view path) {
  std::error_code ignored;
  const fs::path base = source.working_directory.empty() ? fs::current_path(ignored)
                                                         : fs::path(source.working_directory);
  return (base / path).lexically_normal().string();
}

Result<Kubeconfig> read_files(const KubeconfigSource& source,
                              const std::vector<std::string>& files) {
  Kubeconfig merged;
  for (const auto& path : files) {
    const auto text = read_file(path);
    if (!text && text.error().code == ErrorCode::kNotFound && source.explicit_path.empty()) {
      continue;
    }
    if (!text) return fail(text.error());
    auto config = parse_kubeconfig(*text, path);
    if (!config) return fail(config.error());
    merge(merged, std::move(*config));
  }
  return merged;
}

template <typename Entry>
const Entry* find(const std::vector<Entry>& entries, const std::string& name) {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const Entry& entry) { return entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

template <typename Entry>
std::vector<std::string> names_of(const std::vector<Entry>& entries) {
  std::vector<std::string> names;
  names.reserve(entries.size());
  for (const auto& entry : entries) names.push_back(entry.name);
  return names;
}

template <typename Entry>
std::string listed(const std::vector<Entry>& entries) {
  return enumerate(names_of(entries), "none");
}

Result<ContextEntry> choose_context(const KubeconfigSource& source, const Kubeconfig& kubeconfig) {
  const std::string& name = source.context.empty() ? kubeconfig.current_context : source.context;
  if (name.empty()) {
    return fail(problem::kNoCurrentContext, "choosing a context",
                "no current-context is set; there are: " + listed(kubeconfig.contexts),
                "name one with --context, or set it: kubectl config use-context NAME");
  }
  if (const auto* context = find(kubeconfig.contexts, name)) return *context;
  return fail(problem::kContextUnknown, "looking up the context '" + name + "'",
              "no such context; there are: " + listed(kubeconfig.contexts),
              with_hint(did_you_mean(name, names_of(kubeconfig.contexts)),
                        "name one of those with --context, or another file with --kubeconfig"));
}

tl::unexpected<Error> cluster_error(const ClusterEntry& entry, std::string why, std::string fix) {
  return fail(problem::kClusterEntryInvalid,
              "reading the kubeconfig's cluster '" + entry.name + "'", std::move(why),
              std::move(fix));
}

Status apply_trust(const ClusterEntry& entry, ClusterConfig& config) {
  const PemSource& authority = entry.certificate_authority;
  config.tls_server_name = entry.tls_server_name;
  config.insecure_skip_tls_verify = entry.insecure_skip_tls_verify;
  if (authority.empty()) return {};
  if (entry.insecure_skip_tls_verify) {
    return cluster_error(entry, "it has insecure-skip-tls-verify and a certificate authority",
                         "remove one of them; what the authority is for, the other forbids");
  }
  config.ca_pem = authority.data;
  if (config.ca_pem.empty()) {
    auto pem = read_file(authority.file);
    if (!pem) return fail(pem.error());
    config.ca_pem = std::move(*pem);
  }
  if (config.ca_pem.find("-----BEGIN ") == std::string::npos) {
    return cluster_error(entry, "its certificate authority holds no PEM certificate",
                         "check certificate-authority or certificate-authority-data");
  }
  return {};
}

Status apply_proxy(const ClusterEntry& entry, ClusterConfig& config) {
  if (entry.proxy_url.empty()) {
    auto proxy = proxy_from_environment(config.environment, config.server);
    if (!proxy) return fail(proxy.error());
    config.proxy = std::move(*proxy);
    return {};
  }
  auto proxy = parse_proxy_url(entry.proxy_url);
  if (!proxy) {
    Error error = proxy.error();
    error.what = "reading proxy-url of the kubeconfig's cluster '" + entry.name + "'";
    return fail(std::move(error));
  }
  config.proxy = std::move(*proxy);
  return {};
}

Status apply_cluster(const ClusterEntry& entry, bool client_certificate, ClusterConfig& config) {
  config.cluster = entry.name;
  if (entry.server.empty()) return cluster_error(entry, "it has no server", "add its URL");
  // As client-go's DefaultServerURL: without a scheme, TLS is used if anything speaks of TLS.
  const bool tls_by_default =
      !entry.certificate_authority.empty() || client_certificate || entry.insecure_skip_tls_verify;
  auto server = parse_server_url(entry.server, tls_by_default);
  if (!server) {
    return cluster_error(entry, "server: " + entry.server + ": " + server.error().why,
                         "correct the URL, as https://host:6443");
  }
  config.server = std::move(*server);
  if (auto status = apply_trust(entry, config); !status) return status;
  return apply_proxy(entry, config);
}

// What is wrong with a user entry; empty if nothing is.
std::string fault_of(const UserConfig& user) {
  const bool has_token = !user.token.empty() || !user.token_file.empty();
  if (has_token && !user.username.empty()) return "it has a token and a user name";
  if (!user.client_certificate.empty() && user.client_key.empty()) {
    return "it has a client certificate and no client key";
  }
  const Impersonation& as = user.impersonation;
  if (as.user.empty() && (!as.uid.empty() || !as.groups.empty() || !as.extra.empty())) {
    return "it has as-uid, as-groups or as-user-extra without as";
  }
  return {};
}

std::string fault_of(const ExecPlugin& exec, const std::string& interactive_mode) {
  constexpr std::string_view kGroup = "client.authentication.k8s.io/";
  const bool v1 = exec.api_version == std::string(kGroup) + "v1";
  if (!v1 && exec.api_version != std::string(kGroup) + "v1beta1") {
    return "exec: apiVersion is '" + exec.api_version + "'; known are " + std::string(kGroup) +
           "v1 and v1beta1";
  }
  if (exec.command.empty()) return "exec: it has no command";
  if (v1 && interactive_mode.empty()) {
    return "exec: interactiveMode is missing, which v1 demands (Never, IfAvailable or Always)";
  }
  if (!interactive_mode.empty() && interactive_mode != "Never" &&
      interactive_mode != "IfAvailable" && interactive_mode != "Always") {
    return "exec: interactiveMode is '" + interactive_mode +
           "'; it may be Never, IfAvailable or Always";
  }
  const bool unnamed = std::any_of(exec.env.begin(), exec.env.end(),
                                   [](const auto& item) { return item.first.empty(); });
  return unnamed ? "exec: an entry of env has no name" : "";
}

Result<UserConfig> choose_user(const Kubeconfig& kubeconfig, const ContextEntry& context) {
  if (context.user.empty()) return UserConfig{};
  const std::string what = "reading the kubeconfig's user '" + context.user + "'";
  const auto* entry = find(kubeconfig.users, context.user);
  if (entry == nullptr) {
    return fail(
        problem::kUserUnknown, what,
        "the context '" + context.name + "' names it, but there are: " + listed(kubeconfig.users),
        "correct the context, or add the user");
  }
  if (entry->has_auth_provider) {
    return fail(problem::kAuthProviderUnsupported, what,
                "it uses auth-provider, which Kubernetes removed in 1.26",
                "switch to a credential plugin (exec), such as gke-gcloud-auth-plugin, kubelogin");
  }
  std::string fault = fault_of(entry->config);
  if (fault.empty() && entry->config.exec) {
    fault = fault_of(*entry->config.exec, entry->interactive_mode);
  }
  if (!fault.empty())
    return fail(problem::kUserEntryInvalid, what, fault, "correct the user entry");
  return entry->config;
}

Result<ClusterConfig> assemble(const KubeconfigSource& source, const Kubeconfig& kubeconfig) {
  const auto context = choose_context(source, kubeconfig);
  if (!context) return fail(context.error());
  const auto* cluster = find(kubeconfig.clusters, context->cluster);
  if (cluster == nullptr) {
    return fail(problem::kClusterUnknown,
                "reading the kubeconfig's cluster '" + context->cluster + "'",
                "the context '" + context->name +
                    "' names it, but there are: " + listed(kubeconfig.clusters),
                "correct the context, or add the cluster");
  }
  auto user = choose_user(kubeconfig, *context);
  if (!user) return fail(user.error());

  ClusterConfig config;
  config.environment = source.environment;
  config.context = context->name;
  config.user_name = context->user;
  if (!context->ns.empty()) config.ns = context->ns;
  if (!source.ns.empty()) config.ns = source.ns;
  config.user = std::move(*user);
  if (config.user.exec) config.user.exec->cluster_extension = cluster->exec_extension;
  const auto status = apply_cluster(*cluster, !config.user.client_certificate.empty(), config);
  if (!status) return fail(status.error());
  return config;
}

}  // namespace

std::vector<std::string> kubeconfig_files(const KubeconfigSource& source) {
  if (!source.explicit_path.empty()) return {absolute(source, source.explicit_path)};
  std::vector<std::string> files;
  const std::string list = variable(source.environment, "KUBECONFIG");
  for (const auto entry : split(list, ':')) {
    if (!entry.empty()) files.push_back(absolute(source, entry));
  }
  if (!files.empty()) return files;
  const auto home = variable(source.environment, "HOME");
  if (!home.empty()) files.push_back(absolute(source, home + "/.kube/config"));
  return files;
}

Result<std::vector<std::string>> context_names(const KubeconfigSource& source) {
  const auto kubeconfig = read_files(source, kubeconfig_files(source));
  if (!kubeconfig) return fail(kubeconfig.error());
  return names_of(kubeconfig->contexts);
}

Result<ClusterConfig> load(const KubeconfigSource& source) {
  const auto files = kubeconfig_files(source);
  const auto kubeconfig = read_files(source, files);
  if (!kubeconfig) return fail(kubeconfig.error());
  if (!kubeconfig->empty()) return assemble(source, *kubeconfig);
  if (source.explicit_path.empty() && source.context.empty() && in_cluster(source)) {
    return load_in_cluster(source);
  }
  return fail(problem::kKubeconfigMissing, "looking for a kubeconfig",
              "no contexts in " + enumerate(files, "any file: neither KUBECONFIG nor HOME is set") +
                  ", and this is not a pod",
              "name a file with --kubeconfig, or set KUBECONFIG");
}

}  // namespace ferry::kube
