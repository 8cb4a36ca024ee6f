// Steering a Service: while its selector also asks for the stand-in's label, new connections go to
// the stand-in only, though the original's pods are still there.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "kube/swap/record.h"
#include "kube/swap/run.h"

namespace ferry::swap {

// Adds the label to the selector and a note with the selector from before, in one patch.
Status steer(Run& run, const std::string& ns, const std::string& service, const Record& record);

// Gives the Service its own selector back; what somebody else changed in it meanwhile stays. One
// that is gone, or that is not steered by this swap, is left alone.
Status unsteer(Run& run, const std::string& ns, const std::string& service, const std::string& id);

struct SteeredService {
  std::string name;
  std::string id;  // of the swap
};

// Those of the namespace that are steered by this swap; with an empty `id`, by any of the workload.
Result<std::vector<SteeredService>> steered_services(Run& run, const WorkloadRef& workload,
                                                     const std::string& id);

}  // namespace ferry::swap
