// Which NetworkPolicies stand between a pod and those who can't reach it.
#pragma once

#include "kube/api.h"
#include "kube/cancel.h"
#include "kube/diagnose/diagnose.h"

namespace ferry::diagnose {

// Adds to each finding of a pod that can't be reached from inside (kConnectionBlocked) the policies
// of the namespace that select it for what comes in, or that there are none. Asks nothing where
// there is no such finding; where policies or the pod may not be read, findings stay as they are.
void name_policies(kube::Api& api, Report& report, const kube::CancelToken& cancel);

}  // namespace ferry::diagnose
