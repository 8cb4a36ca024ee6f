// The moment of the swap: from the original to the stand-in without a failed request.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "kube/swap/plan.h"
#include "kube/swap/run.h"

namespace ferry::swap {

struct TakenOver {
  std::uint32_t replicas = 0;   // of the original, as recorded
  std::vector<Error> warnings;  // what went without steering, pods that don't end
};

// Call it when the stand-in is ready (wait_stand_in_ready()): steers the Services to it, waits
// until the node proxies follow, scales the original to 0 (the record goes with it, in one patch),
// waits until its pods are gone, and gives the Services their own selector back. With
// keep_original it only writes the record. Done already: does nothing again.
//
// On an error restore() undoes it. Errors:
//   kConflict   somebody else has swapped it meanwhile, or changes it all the time
//   kNotFound   the original was deleted
//   kForbidden  it may not be scaled
// Services that can't be steered, and pods of the original that don't end in time, are warnings.
Result<TakenOver> take_over(Run& run, const SwapPlan& plan);

}  // namespace ferry::swap
