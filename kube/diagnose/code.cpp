#include "kube/diagnose/code.h"

namespace ferry::diagnose {

std::string_view name_of(Code code) {
  switch (code) {
    case Code::kImagePullFails: return "image-pull-fails";
    case Code::kImageAccessDenied: return "image-access-denied";
    case Code::kImageNotFound: return "image-not-found";
    case Code::kImageNameInvalid: return "image-name-invalid";
    case Code::kImageNotOnNode: return "image-not-on-node";
    case Code::kRegistryUnreachable: return "registry-unreachable";
    case Code::kContainerCannotStart: return "container-cannot-start";
    case Code::kCommandNotFound: return "command-not-found";
    case Code::kCommandNotExecutable: return "command-not-executable";
    case Code::kConfigMissing: return "config-missing";
    case Code::kVolumeNotMounted: return "volume-not-mounted";
    case Code::kPodNetworkFails: return "pod-network-fails";
    case Code::kContainerWaits: return "container-waits";
    case Code::kCrashLoop: return "crash-loop";
    case Code::kContainerFailed: return "container-failed";
    case Code::kOutOfMemory: return "out-of-memory";
    case Code::kCompleted: return "completed";
    case Code::kStartupProbeFails: return "startup-probe-fails";
    case Code::kReadinessProbeFails: return "readiness-probe-fails";
    case Code::kLivenessProbeFails: return "liveness-probe-fails";
    case Code::kNotReady: return "not-ready";
    case Code::kReadinessGate: return "readiness-gate";
    case Code::kEvicted: return "evicted";
    case Code::kTerminating: return "terminating";
    case Code::kUnschedulable: return "unschedulable";
    case Code::kUnschedulableResources: return "unschedulable-resources";
    case Code::kUnschedulableSelector: return "unschedulable-selector";
    case Code::kUnschedulableTaint: return "unschedulable-taint";
    case Code::kUnschedulableCordoned: return "unschedulable-cordoned";
    case Code::kUnschedulableHostPort: return "unschedulable-host-port";
    case Code::kUnschedulableAffinity: return "unschedulable-affinity";
    case Code::kUnschedulableVolume: return "unschedulable-volume";
    case Code::kSelectsNothing: return "selects-nothing";
    case Code::kPortNameUnknown: return "port-name-unknown";
    case Code::kPortUndeclared: return "port-undeclared";
    case Code::kNoReadyEndpoints: return "no-ready-endpoints";
    case Code::kEndpointsTerminating: return "endpoints-terminating";
    case Code::kPortNotListening: return "port-not-listening";
    case Code::kConnectionBlocked: return "connection-blocked";
    case Code::kHttpFails: return "http-fails";
    case Code::kServiceUnreachable: return "service-unreachable";
    case Code::kExternalName: return "external-name";
    case Code::kNoSelector: return "no-selector";
    case Code::kScaledToZero: return "scaled-to-zero";
    case Code::kSwapped: return "swapped";
    case Code::kQuotaExceeded: return "quota-exceeded";
    case Code::kPodsRefused: return "pods-refused";
    case Code::kRolloutStuck: return "rollout-stuck";
    case Code::kPaused: return "paused";
    case Code::kTunnelDown: return "tunnel-down";
    case Code::kLocalPortClosed: return "local-port-closed";
    case Code::kLocalProbeFails: return "local-probe-fails";
    case Code::kLinkWaits: return "link-waits";
  }
  return "";
}

}  // namespace ferry::diagnose
