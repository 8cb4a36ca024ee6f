// The plan of a swap in a person's words.
#pragma once

#include <string>
#include <vector>

#include "kube/swap/plan.h"

namespace ferry::swap {

// What will be done, in order, a line each; the last one is what leaving does.
std::vector<std::string> describe_steps(const SwapPlan& plan);

}  // namespace ferry::swap
