#include "daemon/control/api.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <utility>

#include "daemon/control/limits.h"
#include "daemon/control/problems.h"

namespace ferry::control {
namespace {

using Complaint = std::optional<Error>;

Complaint bad(const std::string& member, std::string why, std::string fix = {}) {
  return Error{problem::kSpecInvalid, "reading " + member, std::move(why), std::move(fix)};
}

bool is_literal_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> buffer{};
  return inet_pton(AF_INET, text.c_str(), buffer.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), buffer.data()) == 1;
}

Complaint problem_of_ports(const std::vector<PortSpec>& ports) {
  if (ports.empty())
    return bad("ports", "a link needs at least one port", "add one, as in 8080:80");
  if (ports.size() > kMaxPorts) {
    return bad("ports", "more than " + std::to_string(kMaxPorts) + " ports");
  }
  std::set<std::uint16_t> seen;
  for (const auto& port : ports) {
    if (port.remote.number == 0 && port.remote.name.empty()) {
      return bad("ports", "a port of the target has neither number nor name");
    }
    if (port.remote.number != 0 && !port.remote.name.empty()) {
      return bad("ports", "a port of the target has both a number and a name");
    }
    if (port.local != 0 && port.local_as_remote) {
      return bad("ports", "a local port is both given and to be taken from the remote one");
    }
    if (port.local != 0 && !seen.insert(port.local).second) {
      return bad("ports", "local port " + std::to_string(port.local) + " appears twice",
                 "give each remote port a local port of its own");
    }
  }
  return std::nullopt;
}

Complaint problem_of_route(const LinkSpec& spec) {
  if (spec.route == Route::kAddr && spec.proxy_addr.empty()) {
    return bad("proxyAddr", "the route 'addr' needs the proxy's address");
  }
  if (spec.route != Route::kAddr && !(spec.proxy_addr.empty() && spec.proxy_credentials.empty())) {
    return bad("proxyAddr", "only the route 'addr' takes a proxy address and its credentials");
  }
  if (spec.target.kind == TargetKind::kHost && spec.route == Route::kDirect) {
    return bad("route", "a host can only be reached through the proxy, not on the direct route",
               "use the route proxy");
  }
  return std::nullopt;
}

Complaint problem_of_workload(const Target& workload) {
  if (workload.name.empty()) return bad("target.name", "it is empty");
  switch (workload.kind) {
    case TargetKind::kDeployment:
    case TargetKind::kStatefulSet:
    case TargetKind::kReplicaSet: return std::nullopt;
    case TargetKind::kService:
    case TargetKind::kPod:
    case TargetKind::kHost: break;
  }
  return bad("target.kind", "a " + std::string(name_of(workload.kind)) + " can't be swapped",
             "name the workload behind it: deploy/NAME, sts/NAME or rs/NAME");
}

Complaint problem_of_expose(const std::vector<ExposeSpec>& expose) {
  if (expose.size() > kMaxPorts) {
    return bad("expose", "more than " + std::to_string(kMaxPorts) + " ports");
  }
  std::set<std::string> seen;
  for (const auto& port : expose) {
    if (port.local == 0) return bad("expose", "the local port is missing", "add it, as in 8081:80");
    if (port.remote.number != 0 && !port.remote.name.empty()) {
      return bad("expose", "a port of the container has both a number and a name");
    }
    const bool same = port.remote == PortRef{};
    const std::string remote = same ? std::to_string(port.local) : to_string(port.remote);
    if (!seen.insert(remote).second) {
      return bad("expose", "port " + remote + " of the container appears twice",
                 "expose each port of the container once");
    }
  }
  return std::nullopt;
}

}  // namespace

UnixMillis unix_millis_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::string_view name_of(TargetKind kind) {
  switch (kind) {
    case TargetKind::kService: return "svc";
    case TargetKind::kDeployment: return "deploy";
    case TargetKind::kStatefulSet: return "sts";
    case TargetKind::kPod: return "pod";
    case TargetKind::kHost: return "host";
    case TargetKind::kReplicaSet: return "rs";
  }
  return "unknown";
}

std::string_view name_of(Route route) {
  switch (route) {
    case Route::kAuto: return "auto";
    case Route::kProxy: return "proxy";
    case Route::kDirect: return "direct";
    case Route::kAddr: return "addr";
  }
  return "unknown";
}

std::string_view name_of(LinkState state) {
  switch (state) {
    case LinkState::kStarting: return "starting";
    case LinkState::kActive: return "active";
    case LinkState::kWaiting: return "waiting";
    case LinkState::kFailed: return "failed";
    case LinkState::kEnding: return "ending";
  }
  return "unknown";
}

std::string_view name_of(TunnelState state) {
  switch (state) {
    case TunnelState::kConnecting: return "connecting";
    case TunnelState::kReady: return "ready";
    case TunnelState::kLost: return "lost";
    case TunnelState::kClosed: return "closed";
  }
  return "unknown";
}

std::string_view name_of(EventKind kind) {
  switch (kind) {
    case EventKind::kLink: return "link";
    case EventKind::kProgress: return "progress";
    case EventKind::kNotice: return "notice";
    case EventKind::kEnded: return "ended";
    case EventKind::kTunnel: return "tunnel";
    case EventKind::kLiveness: return "liveness";
    case EventKind::kFiles: return "files";
  }
  return "unknown";
}

std::string_view name_of(ProbeMode mode) {
  switch (mode) {
    case ProbeMode::kFollow: return "follow";
    case ProbeMode::kHold: return "hold";
    case ProbeMode::kReady: return "ready";
    case ProbeMode::kNone: return "none";
  }
  return "unknown";
}

std::string_view name_of(SwapPhase phase) {
  switch (phase) {
    case SwapPhase::kPlanning: return "planning";
    case SwapPhase::kStarting: return "starting";
    case SwapPhase::kConnecting: return "connecting";
    case SwapPhase::kWaiting: return "waiting-for-local";
    case SwapPhase::kTakingOver: return "taking-over";
    case SwapPhase::kSwapped: return "swapped";
    case SwapPhase::kRestoring: return "restoring";
    case SwapPhase::kOver: return "over";
  }
  return "unknown";
}

std::string to_string(const Target& target) {
  return std::string(name_of(target.kind)) + "/" + target.name;
}

std::string to_string(const PortRef& port) {
  return port.name.empty() ? std::to_string(port.number) : port.name;
}

std::optional<Error> problem_of(const LinkSpec& spec) {
  if (spec.target.name.empty()) return bad("target.name", "it is empty");
  if (auto problem = problem_of_ports(spec.ports)) return problem;
  for (const auto& address : spec.addresses) {
    if (!is_literal_address(address)) {
      return bad("addresses", "'" + address + "' is not an IPv4 or IPv6 address");
    }
  }
  return problem_of_route(spec);
}

std::optional<Error> problem_of(const SwapSpec& spec) {
  if (auto problem = problem_of_workload(spec.workload)) return problem;
  if (auto problem = problem_of_expose(spec.expose)) return problem;
  for (const auto& [member, seconds] :
       {std::pair{"orphanTimeoutSeconds", spec.orphan_timeout_seconds},
        std::pair{"stepTimeoutSeconds", spec.step_timeout_seconds}}) {
    if (seconds > kMaxSwapTimeout) return bad(member, "it is more than a week");
  }
  return std::nullopt;
}

std::optional<Error> problem_of(const RestoreSpec& spec) {
  return problem_of_workload(spec.workload);
}

std::optional<Error> problem_of(const DiagnoseSpec& spec) {
  if (spec.target.name.empty() == spec.link.empty()) {
    return bad("target", "either a target or a link is asked about");
  }
  if (spec.target.kind != TargetKind::kHost) return std::nullopt;
  return bad("target.kind", "a host is no object of the cluster",
             "name a Service, a workload or a pod");
}

}  // namespace ferry::control
