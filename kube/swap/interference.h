// What else in the namespace works on a workload and its pods, and what follows from it for a swap.
#pragma once

#include <vector>

#include "base/result.h"
#include "kube/api.h"
#include "kube/swap/plan.h"
#include "kube/swap/run.h"

namespace ferry::swap {

// Autoscalers, disruption budgets, network policies, quotas, mesh sidecars. `pods`: those of the
// namespace. What may not be read is not warned of. Errors: only those that another attempt may not
// have (unreachable).
Result<std::vector<Error>> find_interference(Run& run, const SwapPlan& plan,
                                             const kube::Json& original,
                                             const std::vector<kube::Json>& pods);

}  // namespace ferry::swap
