// Why a pod doesn't serve: from the pod, its events and its logs to the cause.
#pragma once

#include <utility>
#include <vector>

#include "kube/diagnose/finding.h"
#include "kube/diagnose/pod_facts.h"

namespace ferry::diagnose {

// Whose log would tell more, and whether that of the run before.
struct WantedLog {
  std::string container;
  bool previous = false;

  bool operator==(const WantedLog&) const = default;
};
std::vector<WantedLog> wanted_logs(const kube::Json& pod);

// The likeliest cause first. Empty: nothing is wrong with it.
std::vector<Finding> pod_findings(const PodFacts& facts);

}  // namespace ferry::diagnose
