// The kinds of causes, by the stable names that programs may rely on; docs/diagnose.md says what
// each means.
#pragma once

#include <cstdint>
#include <string_view>

namespace ferry::diagnose {

enum class Code : std::uint8_t {
  kImagePullFails,
  kImageAccessDenied,
  kImageNotFound,
  kImageNameInvalid,
  kImageNotOnNode,
  kRegistryUnreachable,
  kContainerCannotStart,
  kCommandNotFound,
  kCommandNotExecutable,
  kConfigMissing,
  kVolumeNotMounted,
  kPodNetworkFails,
  kContainerWaits,
  kCrashLoop,
  kContainerFailed,
  kOutOfMemory,
  kCompleted,
  kStartupProbeFails,
  kReadinessProbeFails,
  kLivenessProbeFails,
  kNotReady,
  kReadinessGate,
  kEvicted,
  kTerminating,
  kUnschedulable,
  kUnschedulableResources,
  kUnschedulableSelector,
  kUnschedulableTaint,
  kUnschedulableCordoned,
  kUnschedulableHostPort,
  kUnschedulableAffinity,
  kUnschedulableVolume,
  kSelectsNothing,
  kPortNameUnknown,
  kPortUndeclared,
  kNoReadyEndpoints,
  kEndpointsTerminating,
  kPortNotListening,
  kConnectionBlocked,
  kHttpFails,
  kServiceUnreachable,
  kExternalName,
  kNoSelector,
  kScaledToZero,
  kSwapped,
  kQuotaExceeded,
  kPodsRefused,
  kRolloutStuck,
  kPaused,
  // Of Ferry's own links.
  kTunnelDown,
  kLocalPortClosed,
  kLocalProbeFails,
  kLinkWaits,
};
inline constexpr Code kLastCode = Code::kLinkWaits;

// "crash-loop"
std::string_view name_of(Code code);

}  // namespace ferry::diagnose
