// One kubeconfig file, or several merged: the entries by name, before a context is chosen. What is
// contradictory in an entry that nobody uses does no harm, so only shapes are checked here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kube/cluster_config.h"

namespace ferry::kube {

struct ClusterEntry {
  std::string name;
  std::string server;
  PemSource certificate_authority;
  std::string tls_server_name;
  bool insecure_skip_tls_verify = false;
  std::string proxy_url;
  std::string exec_extension;  // JSON; the extension named client.authentication.k8s.io/exec
};

struct UserEntry {
  std::string name;
  UserConfig config;
  bool has_auth_provider = false;
  std::string interactive_mode;  // as written; config.exec->interactive is filled in from it
};

struct ContextEntry {
  std::string name;
  std::string cluster;
  std::string user;
  std::string ns;
};

struct Kubeconfig {
  std::string current_context;
  std::vector<ClusterEntry> clusters;
  std::vector<UserEntry> users;
  std::vector<ContextEntry> contexts;

  bool empty() const { return clusters.empty() && users.empty() && contexts.empty(); }
};

// Parses the text of a file (YAML, or JSON as part of it). `path` is absolute: it is named in
// errors, and relative paths in the text are resolved against its folder. Certificates and keys
// given as base64 are decoded. Error: kInvalid, `what` names file and line.
Result<Kubeconfig> parse_kubeconfig(std::string_view text, const std::string& path);

// Adds from `later` what `merged` has no entry of that name for.
void merge(Kubeconfig& merged, Kubeconfig later);

}  // namespace ferry::kube
