// Puts everything back. The same code for the one who swapped, for anybody on another machine, and
// for the stand-in itself; repeatable, from every state that a swap or a restore can be left in.
//
// The order: the original's replicas, wait until they are available, the Services' selectors, the
// record, the stand-in. The record goes before the stand-in does: whatever breaks off before that,
// the stand-in is still there to finish it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "kube/swap/run.h"
#include "kube/swap/workload.h"

namespace ferry::swap {

struct RestoreRequest {
  WorkloadRef original;
  // Only this swap: that of another id stays as it is. Empty: whichever there is.
  std::string id;
  // Who asks: "user@host", and `holder` below. With an empty `id` and without `force`, somebody
  // else's swap that is in use (its stand-in is ready) is refused.
  std::string owner;
  // Also somebody else's swap in use, and a record that can't be read.
  bool force = false;
  // Called inside the stand-in: it may not list, and does not wait for its own end.
  bool inside = false;
  // A call of the swap has gone without an answer, and may take effect up to then (by Run's pace):
  // until then it is looked for again and again, and undone.
  std::optional<TimePoint> late_until = {};
  std::string holder = {};  // the installation that asks, as in the record; empty: not known
};

struct RestoreReport {
  bool found = false;          // there was something to put back
  std::string id;              // of the swap, where that could be known
  std::string owner;           // of the swap
  std::uint32_t replicas = 0;  // the original's, now
  // "somebody has scaled it to 2 meanwhile: that stays", "not available within 120 s", ...
  std::vector<std::string> notes;
};

// Errors:
//   kNotFound   neither the workload nor anything of a swap of it is there
//   kConflict   somebody else's swap in use (see `owner`); or changes that come too fast
//   kInvalid    a record that can't be read, and no stand-in with a copy of it
//   and whatever reaching the API server brings: then call it again
Result<RestoreReport> restore(Run& run, const RestoreRequest& request);

}  // namespace ferry::swap
