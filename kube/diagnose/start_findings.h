// Why a container can't be started.
#pragma once

#include <optional>

#include "kube/diagnose/finding.h"
#include "kube/diagnose/pod_facts.h"

namespace ferry::diagnose {

// The runtime has refused to start it, with this message.
Finding start_finding(const PodFacts& facts, const kube::Json& container,
                      const std::string& message);

// It is being created. Nothing: nothing is known to hold that up.
std::optional<Finding> creating_finding(const PodFacts& facts, const kube::Json& container);

}  // namespace ferry::diagnose
