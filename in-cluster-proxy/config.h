// What ferry-proxy is told on its command line and in its environment.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "in-cluster-proxy/target_policy.h"
#include "net/address.h"

namespace ferry::proxy {

// PEM texts. The certificate authority is this installation's own: whoever it signed is the user.
struct TlsMaterial {
  std::string ca_pem;
  std::string certificate_pem;
  std::string key_pem;
};

// What a hostile or broken peer on the tunnel port can make the process hold or do.
struct Limits {
  std::size_t waiting_tunnels = 256;  // connections before the end of their greeting; the oldest go
  std::size_t accepts_per_second = 1000;                 // more wait in the kernel's backlog
  Duration greeting_timeout = std::chrono::seconds(10);  // from accept to the end of the greeting
  std::size_t sessions = 64;
  // All sessions together, one for each of them among it; of one: TargetDialer::kGreed.
  std::size_t pending_dials = 1024;
  // Bytes of all sessions together; see tunnel::MemoryBudget.
  std::size_t window_memory = std::size_t{40} * 1024 * 1024;
  std::size_t ring_memory = std::size_t{40} * 1024 * 1024;
  std::size_t stream_memory = std::size_t{64} * 1024 * 1024;
  std::size_t session_memory = std::size_t{20} * 1024 * 1024;  // bytes held for detached sessions
  // How long a session is kept at most once its daemon seems to have begun anew.
  Duration superseded_keep = std::chrono::seconds(30);
  // A stand-in stays ready so long without its daemon: callers wait in their session meanwhile.
  Duration tolerated_loss = std::chrono::seconds(5);
  Duration prune_every = std::chrono::seconds(5);  // how often those are looked at
};

// The workload whose container a stand-in replaces.
struct RestoreTarget {
  std::string ns;
  std::string kind;  // "deployment", "statefulset", "replicaset"
  std::string name;
};

// Running in the place of a container.
struct StandInConfig {
  std::string id;                        // the swap's
  std::vector<std::string> mounts;       // directories and files to serve
  Duration orphan_timeout{};             // without a daemon; zero: never restores by itself
  std::optional<RestoreTarget> restore;  // what it restores then
  std::string restore_credentials;       // directory with token and ca.crt
  Duration drain_accept = std::chrono::seconds(5);  // callers are taken so long after SIGTERM
  // Where links listen; an address family that the pod doesn't have is left out.
  std::vector<std::string> link_addresses = {"0.0.0.0", "::"};
  Duration poll_files = std::chrono::seconds(2);  // how often the mounted files are looked at
  // The container's environment, "NAME=value".
  std::vector<std::string> environment;
};

struct Config {
  net::HostPort listen;
  std::vector<net::HostPort> health_listen;
  TlsMaterial tls;
  TargetPolicy::Rules rules;
  Limits limits;
  Duration idle_exit = std::chrono::minutes(15);  // zero: never
  Duration session_keep = std::chrono::hours(4);
  Duration drain_timeout = std::chrono::seconds(25);
  Duration dial_timeout = std::chrono::seconds(10);
  LogOptions log;
  bool core_dumps = false;  // and debuggers: developers only
  std::optional<StandInConfig> stand_in;
};

// The process is to end now with `exit_code`, having said `text` (help, version, a usage error).
struct EndNow {
  int exit_code = 0;
  std::string text;
};

// Reads the arguments, the environment and the files that they name. Error: kIo, kInvalid.
Result<std::variant<Config, EndNow>> read_config(int argc, const char* const* argv);

}  // namespace ferry::proxy
