// Why a container ends that was to run on.
#pragma once

#include <string>

#include "kube/diagnose/finding.h"
#include "kube/diagnose/pod_facts.h"

namespace ferry::diagnose {

// `container` as in the pod's spec, `status` as in its containerStatuses or initContainerStatuses,
// `terminated` the state in which it ended.
Finding end_finding(const PodFacts& facts, const kube::Json& container, const kube::Json& status,
                    const kube::Json& terminated);

// How a container ended: "exit code 137, killed by SIGKILL (OOMKilled)".
std::string ending_text(const kube::Json& terminated);

}  // namespace ferry::diagnose
