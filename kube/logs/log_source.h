// Whose logs are meant: from TYPE/NAME to the pods.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "kube/api.h"
#include "kube/cancel.h"
#include "kube/target.h"

namespace ferry::logs {

struct LogSource {
  kube::Target target;
  std::string ns;
  kube::Selectors pods;
  std::vector<std::string> declared;  // containers that the workload's pods will have

  bool is_pod() const { return target.kind == kube::TargetKind::kPod; }
};

// A workload's pods, and those behind a Service, are what its selector selects. Errors: those of
// Api; kUnsupported (a host; a Service or a workload without a selector).
Result<LogSource> find_source(kube::Api& api, const kube::Target& target, const std::string& ns,
                              const kube::CancelToken& cancel);

}  // namespace ferry::logs
