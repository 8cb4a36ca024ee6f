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

enum class TargetKind : std::uint8_t {
  kService,
  kDeployment,
  kStatefulSet,
  kPod,
  kHost,
  kReplicaSet,
};
inline constexpr TargetKind kLastTargetKind = TargetKind::kReplicaSet;

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

// What the container's probes decide.
enum class ProbeMode : std::uint8_t {
  kFollow,  // as the kubelet would have it
  kHold,    // the same, but while a debugger holds the local process the last result stays
  kReady,   // always ready
  kNone,    // no probes: ready while the local port accepts
};

// A port of the swapped container that is answered here.
struct ExposeSpec {
  std::uint16_t local = 0;  // 1..65535
  PortRef remote;           // neither number nor name: the same number as `local`

  bool operator==(const ExposeSpec&) const = default;
};

// A workload to be swapped for a stand-in that leads here.
struct SwapSpec {
  KubeAccess kube;
  Target workload;                 // a Deployment, StatefulSet or ReplicaSet
  std::string container;           // empty: the only one, or the one that is chosen by default
  std::vector<ExposeSpec> expose;  // empty: every TCP port that the container declares, same number
  ProbeMode probes = ProbeMode::kFollow;
  bool keep_original = false;   // the original goes on beside the stand-in
  bool force = false;           // take it over from whoever has it swapped
  bool detach = false;          // true: outlives its client and a restart of the daemon
  bool proxy_protocol = false;  // each connection begins with the caller's address (version 2)
  // The client starts the local process anew on kLiveness, so that one which lives on with its port
  // closed is judged as well.
  bool restart = false;
  std::uint32_t orphan_timeout_seconds = 0;  // 0: kDefaultOrphanTimeout
  std::uint32_t step_timeout_seconds = 0;    // how long a single step may take; 0: its default
  ProxyOptions proxy;

  bool operator==(const SwapSpec&) const = default;
};

// After so long without a daemon the stand-in restores the original by itself. Seconds.
inline constexpr std::uint32_t kDefaultOrphanTimeout = 600;
inline constexpr std::uint32_t kMaxSwapTimeout = 7 * 24 * 3600;

// A workload to be put back as it was, whoever swapped it.
struct RestoreSpec {
  KubeAccess kube;
  Target workload;
  bool force = false;  // also while a daemon is attached to the stand-in

  bool operator==(const RestoreSpec&) const = default;
};

// What is to be looked at: why does it not work?
struct DiagnoseSpec {
  KubeAccess kube;
  Target target;     // a Service, a workload or a pod
  std::string link;  // in its place, a link's id

  bool operator==(const DiagnoseSpec&) const = default;
};

// Something that is wrong. The codes are stable: docs/diagnose.md lists them.
struct Finding {
  std::string code;                   // "crash-loop"
  std::string object;                 // what it was found at: "pod/web-1, container main"
  std::string cause;                  // in a sentence
  std::vector<std::string> evidence;  // a line each
  std::string fix;                    // the next step; may be empty

  bool operator==(const Finding&) const = default;
};

struct Diagnosis {
  std::string object;  // what was asked about: "svc/web"
  std::string kube_namespace;
  std::uint32_t pods = 0;  // that belong to it
  std::uint32_t ready_pods = 0;
  std::vector<Finding> findings;  // the likeliest cause first; empty: nothing is wrong

  bool operator==(const Diagnosis&) const = default;
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

// What tests of a link from end to end have shown; its users' connections show as much.
struct SelfTest {
  UnixMillis tested = 0;       // when that was last tried
  UnixMillis passed = 0;       // when it last worked
  std::string way;             // what a test does, for people; empty: there is nothing to test
  std::optional<Error> error;  // of the last one; none: it passed
  bool under_way = false;
};

// How far a swap is. The link's state says whether it works: kStarting up to kTakingOver, then
// kActive or kWaiting, kEnding from kRestoring on.
enum class SwapPhase : std::uint8_t {
  kPlanning,    // reading what is there; nothing is touched yet
  kStarting,    // the stand-in is made, and its pod comes up
  kConnecting,  // the tunnel to it
  kWaiting,     // for the local process to accept connections and pass its readiness probe
  kTakingOver,  // Services are steered, the original goes to 0
  kSwapped,
  kRestoring,
  kOver,
};

struct ExposedPort {
  std::uint16_t local = 0;
  std::uint16_t remote = 0;
  bool open = false;  // something listens on the local port

  bool operator==(const ExposedPort&) const = default;
};

struct ProbeStatus {
  std::string probe;  // "startup", "readiness" or "liveness"
  bool ok = false;
  std::string message;   // what the last attempt got
  UnixMillis since = 0;  // when `ok` became what it is

  bool operator==(const ProbeStatus&) const = default;
};

struct SwapStatus {
  std::string swap_id;    // as in the cluster's labels and annotations
  std::string container;  // the one that is replaced; empty while planning
  std::string stand_in;   // name of its workload; empty until it is made
  std::string pod;        // the stand-in's pod; empty while there is none
  SwapPhase phase = SwapPhase::kPlanning;
  std::vector<ExposedPort> ports;
  std::vector<ProbeStatus> probes;
  bool ready = false;           // what the stand-in tells the kubelet
  bool orphan_restore = false;  // the stand-in has the rights to restore by itself
  std::uint32_t original_replicas = 0;
  std::uint32_t orphan_timeout_seconds = kDefaultOrphanTimeout;
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
  SelfTest test;
  std::optional<Error> last_error;  // the last failed connection or step; stays until the next
  std::optional<SwapStatus> swap;   // set for swaps, whose `ports` are here; the link has none then
};

// What a swap would do, for people.
struct SwapPlanText {
  std::vector<std::string> steps;    // one line each
  std::vector<Error> warnings;       // what, what follows from it, what to do
  std::vector<std::string> objects;  // what would be created, each as JSON
};

// A swap as the cluster tells of it.
struct SwapListing {
  Target workload;
  std::string kube_namespace;
  std::string swap_id;
  std::string owner;  // "user@host"
  std::string stand_in;
  UnixMillis since = 0;
  // Of the original, before; none: its record can't be read.
  std::optional<std::uint32_t> replicas;
  std::string state;  // one or a few words: "swapped", "restoring", ...
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
  std::uint64_t sessions_lost = 0;            // refused, or over with the streams that they had
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
  kLiveness,  // the kubelet would restart the swapped container now; `message` says why
  kFiles,     // environment or files of the swapped container changed: they may be fetched again
};
inline constexpr EventKind kLastEventKind = EventKind::kFiles;

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
std::string_view name_of(ProbeMode mode);   // "follow", "hold", "ready", "none"
std::string_view name_of(SwapPhase phase);  // "planning" ... "waiting-for-local" ... "over"

// "svc/app"
std::string to_string(const Target& target);

// "80" or "http"
std::string to_string(const PortRef& port);

// What is wrong with a spec, if anything: bounds and combinations that the types alone allow.
// Error: kInvalid, naming the member.
std::optional<Error> problem_of(const LinkSpec& spec);
std::optional<Error> problem_of(const SwapSpec& spec);
std::optional<Error> problem_of(const RestoreSpec& spec);
std::optional<Error> problem_of(const DiagnoseSpec& spec);

}  // namespace ferry::control
