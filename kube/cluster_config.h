// How to reach one cluster and as whom: what a kubeconfig's context, or a pod's service account,
// comes down to. Plain values; files are named, certificates of authorities already read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/address.h"

namespace ferry::kube {

using Environment = std::map<std::string, std::string>;

// An API server's URL in its parts.
struct ServerUrl {
  bool tls = true;
  net::HostPort address;    // the port is always filled in (443, 80)
  std::string path_prefix;  // "" or "/a/b", never with a slash at its end
};

// "https://host:port/prefix"
std::string to_string(const ServerUrl& url);

struct ProxyUrl {
  enum class Kind : std::uint8_t { kHttp, kHttps, kSocks5 };
  Kind kind = Kind::kHttp;
  net::HostPort address;
  std::string username;  // empty: no authentication
  std::string password;
};

// Without the password.
std::string to_string(const ProxyUrl& url);

// A PEM text that is either in the kubeconfig itself or in a file. The file is read again when
// credentials are refreshed, since tools that rotate certificates replace it.
struct PemSource {
  std::string data;  // PEM text; wins over `file`
  std::string file;  // absolute path
  bool empty() const { return data.empty() && file.empty(); }
};

// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
struct ExecPlugin {
  enum class Interactive : std::uint8_t { kNever, kIfAvailable, kAlways };
  std::string api_version;  // client.authentication.k8s.io/v1 or /v1beta1
  std::string command;      // absolute when the kubeconfig's form held a separator
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;  // on top of the user's environment
  std::string install_hint;
  bool provide_cluster_info = false;
  std::string cluster_extension;  // JSON of the cluster's extension for plugins; empty: none
  Interactive interactive = Interactive::kIfAvailable;
};

struct Impersonation {
  std::string user;  // empty: none
  std::string uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;
};

// At most one of token/token_file, username and exec is in force; a client certificate may come on
// top of any.
struct UserConfig {
  std::string token;
  std::string token_file;  // absolute; wins over `token`
  std::string username;
  std::string password;
  PemSource client_certificate;
  PemSource client_key;
  std::optional<ExecPlugin> exec;
  Impersonation impersonation;
};

struct ClusterConfig {
  std::string context;  // name of the context; empty in a pod
  std::string cluster;
  std::string user_name;
  std::string ns = "default";  // the context's namespace, or the one asked for
  ServerUrl server;
  std::string ca_pem;           // empty: the system's authorities
  std::string tls_server_name;  // empty: the server URL's host
  bool insecure_skip_tls_verify = false;
  std::optional<ProxyUrl> proxy;  // from proxy-url, else from the environment
  UserConfig user;
  Environment environment;  // the user's; plugins run in it
};

}  // namespace ferry::kube
