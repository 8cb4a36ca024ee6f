// Why a container doesn't run, doesn't stay, or isn't ready.
#pragma once

#include <optional>

#include "kube/diagnose/finding.h"
#include "kube/diagnose/pod_facts.h"

namespace ferry::diagnose {

// `container` as in the pod's spec, `status` as in its containerStatuses or initContainerStatuses.
// Nothing: no fault is seen in it, or it only waits for others.
std::optional<Finding> container_finding(const PodFacts& facts, const kube::Json& container,
                                         const kube::Json& status);

}  // namespace ferry::diagnose
