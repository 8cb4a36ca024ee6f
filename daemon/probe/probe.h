// The probes of a container, as its pod template states them.
//
// Fields and defaults:
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Probe
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace ferry::daemon {

enum class ProbeKind : std::uint8_t { kStartup, kReadiness, kLiveness };
inline constexpr std::array kProbeKinds = {ProbeKind::kStartup, ProbeKind::kReadiness,
                                           ProbeKind::kLiveness};

// "Startup", "Readiness", "Liveness": as the kubelet begins its events.
const char* name_of(ProbeKind kind);

// A port of the container.
struct ProbePort {
  std::uint16_t number = 0;  // 0: no port of the container has this name
  std::string name;          // empty where the probe names a number
};

struct HttpGetAction {
  bool tls = false;
  std::string host;  // empty: the pod's own address
  ProbePort port;
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> headers;  // in their order, repetitions kept
};

struct TcpSocketAction {
  std::string host;  // empty: the pod's own address
  ProbePort port;
};

struct ExecAction {
  std::vector<std::string> command;  // the program first; not a shell's line
};

struct GrpcAction {
  ProbePort port;
  std::string service;  // of grpc.health.v1.HealthCheckRequest; may be empty
};

using ProbeAction = std::variant<HttpGetAction, TcpSocketAction, ExecAction, GrpcAction>;

struct ProbeTiming {
  Duration initial_delay = std::chrono::seconds(0);  // after the start of the container
  Duration period = std::chrono::seconds(10);        // from attempt to attempt; at least 1 s
  Duration timeout = std::chrono::seconds(1);        // of one attempt; at least 1 s
  int success_threshold = 1;  // successes in a row that make a failed probe succeed; at least 1
  int failure_threshold = 3;  // failures in a row that make a probe fail; at least 1
};

struct Probe {
  ProbeTiming timing;
  ProbeAction action;
};

struct ContainerProbes {
  std::string container;  // its name
  std::optional<Probe> startup;
  std::optional<Probe> readiness;
  std::optional<Probe> liveness;

  const std::optional<Probe>& of(ProbeKind kind) const;
};

// Reads the probes from an item of a pod's spec.containers. What is left out, zero or out of its
// range is what the API server would have filled in. In a command, $(NAME) is replaced by the value
// that the container's own env states for it, as the kubelet does it; what comes from elsewhere
// (valueFrom, envFrom) counts as empty or not known, as there. Error: kInvalid (a probe without an
// action, or without what its action needs).
Result<ContainerProbes> parse_probes(const nlohmann::json& container);

}  // namespace ferry::daemon
