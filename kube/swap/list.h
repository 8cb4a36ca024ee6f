// All swaps of a namespace, whoever made them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "kube/swap/record.h"
#include "kube/swap/run.h"

namespace ferry::swap {

struct FoundSwap {
  WorkloadRef original;
  Record record;          // empty but for id and stand_in when it can't be read
  bool readable = true;   // it can
  bool swapped = false;   // the original bears the record
  bool stand_in = false;  // there is a stand-in
  // For people: "swapped", "starting", "stand-in not ready", "stand-in missing", "record
  // unreadable".
  std::string state;
};

// `ns` empty: all namespaces. Sorted by namespace and name.
Result<std::vector<FoundSwap>> list_swaps(Run& run, const std::string& ns);

}  // namespace ferry::swap
