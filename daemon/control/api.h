// What the daemon and its clients tell each other: plain values, without behaviour.
// Their JSON form is in json.h; docs/control-api.md describes it for people.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ferry::control {

// Milliseconds since 1970-01-01 UTC; 0 means "never". In JSON: "2026-11-21T08:05:00.123Z".
using UnixMillis = std::int64_t;

UnixMillis unix_millis_now();

enum class TargetKind : std::uint8_t { kService, kDeployment, kStatefulSet, kPod, kHost };

// What a link leads to. A host is any name or address that the cluster can resolve.
struct Target {
  TargetKind kind = TargetKind::kService;
  std::string name;

  bool operator==(const Target&) const = default;
};

// A port of the target: by number (1..65535), or by name when the number is 0.
struct PortRef {
  std::uint16_t number = 0;
  std::string name;

  bool operator==(const PortRef&) const = default;
};

struct PortSpec {
  std::uint16_t local = 0;  // 0: any free port, chosen by the daemon
  PortRef remote;
  // With local 0: take the number that the remote port turns out to have ("http" alone, which for
  // kubectl means 80:http).
  bool local_as_remote = false;

  bool operator==(const PortSpec&) const = default;
};

// How a link's connections reach the cluster.
enum class Route : std::uint8_t {
  kAuto,    // proxy where it can be had, else direct
  kProxy,   // through ferry-proxy, reached over the API server's port-forward
  kDirect,  // a port-forward to a ready pod for each connection, nothing in the cluster
  kAddr,    // through a ferry-proxy that listens at proxy_addr, over plain TCP
};

// How the in-cluster proxy is run, where the daemon has to create it.
struct ProxyOptions {
  std::string image;        // empty: the image that the build names
  std::string pull_policy;  // Always, IfNotPresent, Never; empty: Kubernetes' own default
  std::vector<std::string> pull_secrets;
  std::uint32_t idle_exit_seconds = 0;  // 0: the daemon's default

  bool operator==(const ProxyOptions&) const = default;
};

// Where the user's kubectl would look: the daemon was started by some other shell, so each request
// brings its own.
struct KubeAccess {
  std::string kubeconfig;  // --kubeconfig: this file only; empty: KUBECONFIG of the environment
  std::string kubeconfig_list;    // in place of the environment's KUBECONFIG; empty: that one
  std::string context;            // empty: current-context
  std::string kube_namespace;     // empty: the context's, else "default"
  std::string working_directory;  // relative paths of KUBECONFIG start here

  // The environment that exec plugins and the KUBECONFIG lookup see. May hold secrets: kept in
  // memory only, never logged and never written to a file (see Include in json.h).
  std::map<std::string, std::string> environment;

  bool operator==(const KubeAccess&) const = default;
};

// What a client asks for.
struct LinkSpec {
  KubeAccess kube;
  Target target;
  std::vector<PortSpec> ports;         // at least one
  std::vector<std::string> addresses;  // literal local addresses; empty: 127.0.0.1 and ::1
  Route route = Route::kAuto;
  std::string proxy_addr;         // host:port; only, and always, with Route::kAddr
  std::string proxy_credentials;  // directory with the tunnel's keys; only with Route::kAddr
  ProxyOptions proxy;
  bool detach = false;  // true: outlives its client and a restart of the daemon

  bool operator==(const LinkSpec&) const = default;
};

enum class LinkState : std::uint8_t {
  kStarting,  // not listening yet
  kActive,    // listening, and the way to the target is known to work
  kWaiting,   // listening, but connections can't be served now; `reason` says why
  kFailed,    // over; `last_error` says why. Reported once, then the link is gone
  kEnding,    // being taken down
};

// A port in force.
struct PortStatus {
  std::uint16_t local = 0;        // the real one, never 0 once listening
  PortRef remote;                 // as asked for
  std::uint16_t remote_port = 0;  // the Service's, pod's or host's port; 0 while unknown
  std::uint16_t target_port = 0;  // where the pod listens, as kubectl prints it; 0 while unknown
  std::vector<std::string> addresses;  // where it listens: "127.0.0.1", "::1"

  bool operator==(const PortStatus&) const = default;
};

// Counters since the link began. "Sent" goes toward the cluster.
struct Traffic {
  std::uint64_t open_connections = 0;
  std::uint64_t total_connections = 0;
  std::uint64_t failed_connections = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent_per_second = 0;  // over the last few seconds
  std::uint64_t bytes_received_per_second = 0;

  bool operator==(const Traffic&) const = default;
};

struct LinkStatus {
  std::string id;  // short, unique in this daemon's life, stable over restarts if detached
  Target target;
  std::string context;         // the resolved one
  std::string kube_namespace;  // the resolved one
  std::vector<PortStatus> ports;
  Route route = Route::kAuto;  // in force; kAuto until it is chosen
  std::string tunnel;          // the tunnel's id; empty on the direct route
  bool detached = false;
  LinkState state = LinkState::kStarting;
  std::string reason;    // one line on why the state is what it is; may be empty
  UnixMillis since = 0;  // when it entered this state
  UnixMillis created = 0;
  Traffic traffic;
  std::optional<Error> last_error;  // the last failed connection or step; stays until the next
};

enum class TunnelState : std::uint8_t {
  kConnecting,  // for the first time
  kReady,
  kLost,  // cut; streams wait for it or have been reset; connecting again
  kClosed,
};

struct TunnelStatus {
  std::string id;
  Route route = Route::kProxy;
  std::string context;
  std::string kube_namespace;
  std::string peer;  // "pod/ferry-proxy-x" or "10.0.0.7:8443"
  TunnelState state = TunnelState::kConnecting;
  std::string reason;
  UnixMillis since = 0;
  std::uint64_t reconnects = 0;               // how often it was connected again
  std::uint64_t round_trip_microseconds = 0;  // 0: not measured yet
  std::uint64_t streams = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::optional<Error> last_error;
};

struct DaemonStatus {
  std::string version;
  std::uint32_t pid = 0;
  UnixMillis started = 0;
  std::string socket;
  std::string log_file;  // empty: stderr
  std::vector<LinkStatus> links;
  std::vector<TunnelStatus> tunnels;
};

enum class EventKind : std::uint8_t {
  kLink,      // a link was added or changed its state; `link` is set
  kProgress,  // a long step of a link; `message` says what it waits for
  kNotice,    // something that a link's user should know; `message`
  kEnded,     // a link is gone; `link` holds its last status, `error` if nobody asked for the end
  kTunnel,    // a tunnel changed its state; `tunnel` is set
};

struct Event {
  EventKind kind = EventKind::kNotice;
  UnixMillis time = 0;
  std::string link_id;  // empty for kTunnel
  std::string message;  // one line for people; may be empty
  std::optional<LinkStatus> link;
  std::optional<TunnelStatus> tunnel;
  std::optional<Error> error;
};

// Names as they appear in JSON and on the screen: "svc", "auto", "active", "ready", "link".
std::string_view name_of(TargetKind kind);
std::string_view name_of(Route route);
std::string_view name_of(LinkState state);
std::string_view name_of(TunnelState state);
std::string_view name_of(EventKind kind);

// "svc/app"
std::string to_string(const Target& target);

// "80" or "http"
std::string to_string(const PortRef& port);

// What is wrong with a spec, if anything: bounds and combinations that the types alone allow.
// Error: kInvalid, naming the member.
std::optional<Error> problem_of(const LinkSpec& spec);

}  // namespace ferry::control
