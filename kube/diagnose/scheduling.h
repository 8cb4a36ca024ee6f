// What the scheduler means by "0/3 nodes are available: 2 Insufficient cpu, 1 node(s) had ...".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kube/api.h"
#include "kube/diagnose/finding.h"

namespace ferry::diagnose {

// One reason, and how many nodes it rules out.
struct NodeReason {
  int nodes = 0;    // 0: all, by something about the pod itself
  std::string why;  // the scheduler's words, without the count

  bool operator==(const NodeReason&) const = default;
};

// The reasons in a message of the scheduler (kube-scheduler, framework.FitError), in its order;
// what it says of preemption is left out. Empty for a message of another shape.
std::vector<NodeReason> node_reasons(std::string_view message);

// Why no node takes the pod, for the scheduler's message in its PodScheduled condition.
Finding unschedulable(const kube::Json& pod, const std::string& message);

}  // namespace ferry::diagnose
