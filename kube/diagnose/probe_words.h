// Probes in words: what is asked, what came back, and what that means.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kube/api.h"
#include "kube/diagnose/finding.h"
#include "kube/diagnose/pod_facts.h"

namespace ferry::diagnose {

enum class ProbeKind : std::uint8_t { kStartup, kReadiness, kLiveness };

// "GET http://:8080/healthz every 10s, failing after 3"; "connect to port 8080 ..."; empty for no
// probe. `container` is that of the pod's spec.
std::string probe_text(const kube::Json& container, ProbeKind kind);

// The finding "readiness-probe-fails" and the like, with the last answer among the pod's events;
// nothing where no event tells of a failure.
std::optional<Finding> probe_failure(const PodFacts& facts, const kube::Json& container,
                                     ProbeKind kind);

}  // namespace ferry::diagnose
