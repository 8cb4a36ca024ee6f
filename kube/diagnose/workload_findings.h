// Why a Deployment, StatefulSet, ReplicaSet or DaemonSet has not the pods that it wants.
#pragma once

#include <vector>

#include "kube/api.h"
#include "kube/diagnose/finding.h"

namespace ferry::diagnose {

// `name` as in "deploy/app", `events` those about it, oldest first. The likeliest cause first,
// those of its pods left out.
std::vector<Finding> workload_findings(const kube::Json& workload, const std::string& name,
                                       const std::vector<kube::Json>& events = {});

}  // namespace ferry::diagnose
