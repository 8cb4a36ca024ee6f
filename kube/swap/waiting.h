// Waiting for the cluster to get somewhere, by asking again and again.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "kube/swap/run.h"

namespace ferry::swap {

void tell(const Run& run, const std::string& line);

// An API server that can't be reached just now may be back a moment later.
bool is_passing(ErrorCode code);

// What is still waited for ("1 of 3 pods"), or nothing when that is over. An error that passes
// counts as something to wait for, any other ends the waiting.
using Look = std::function<Result<std::optional<std::string>>()>;

// Asks until `look` has nothing to wait for any more; each new answer is told as "WHAT: ANSWER".
// No limit: for as long as it takes. Errors: those of `look`, kTimedOut with `why` the last answer,
// kCancelled.
Status wait_until(Run& run, const std::string& what, std::optional<Duration> limit,
                  const Look& look);

}  // namespace ferry::swap
