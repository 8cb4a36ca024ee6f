// What the user may do, asked before anything is done.
#pragma once

#include <string>

#include "base/result.h"
#include "kube/swap/plan.h"
#include "kube/swap/run.h"

namespace ferry::swap {

struct Rights {
  bool orphan_restore = true;  // the account, the Role and the rest can be made
  std::string why_no_restore;
};

// One SelfSubjectAccessReview for each right that the rest of the plan will need; who can't ask is
// believed to have it, and finds out later. Error: kForbidden, naming every missing right that
// nothing works without; those of the API.
Result<Rights> check_rights(Run& run, const SwapPlan& plan);

// Whether this Service may be steered.
Result<bool> may_steer(Run& run, const std::string& ns, const std::string& service);

}  // namespace ferry::swap
