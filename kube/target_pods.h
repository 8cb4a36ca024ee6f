// The pods behind what a user names: from TYPE/NAME to a selector.
#pragma once

#include <string>

#include "base/result.h"
#include "kube/api.h"
#include "kube/cancel.h"
#include "kube/target.h"

namespace ferry::kube {

struct TargetPods {
  Selectors selectors;
  Json spec;  // of the pod, or of the pods that the workload makes; null for a Service
};

// A workload's pods, and those behind a Service, are what its selector selects. `what` begins the
// texts of errors that aren't the server's. Errors: those of Api; kUnsupported (a host; a Service
// or a workload without a selector).
Result<TargetPods> find_pods(Api& api, const Target& target, const std::string& ns,
                             const std::string& what, const CancelToken& cancel);

}  // namespace ferry::kube
