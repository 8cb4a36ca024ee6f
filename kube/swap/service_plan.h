// What a swap means for each Service in front of a workload.
#pragma once

#include <string>
#include <vector>

#include "kube/api.h"
#include "kube/swap/plan.h"

namespace ferry::swap {

// What follows for requests when a Service is not steered; the third part of such warnings.
inline constexpr const char* kLossText =
    "connections made while the original's pods go away may fail: the cluster needs a moment to "
    "send them elsewhere";

struct ServicePlan {
  PlannedService service;
  std::vector<Error> warnings;
};

// `pods`: those of the namespace; `pod_template`: the original's. Of the plan, request, exposed and
// container are decided.
ServicePlan plan_service(const SwapPlan& plan, const kube::Json& service,
                         const kube::Json& pod_template, const std::vector<kube::Json>& pods);

}  // namespace ferry::swap
