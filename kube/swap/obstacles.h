// What stands against swapping a workload at all, and what only needs to be known.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "kube/api.h"
#include "kube/swap/workload.h"

namespace ferry::swap {

// The warnings. With `force` a rollout under way is one of them. Errors: kUnsupported (the node's
// network, claims of its own, a controller above it, Windows), kConflict (a rollout under way),
// kUnavailable (it is being deleted).
Result<std::vector<Error>> check_swappable(const WorkloadRef& original, const kube::Json& object,
                                           bool force);

// Who manages an object, from outside ("Argo CD") or as its controller ("KnativeService/web");
// empty if nobody does.
std::string manager_of(const kube::Json& object);

}  // namespace ferry::swap
