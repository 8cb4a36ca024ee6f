// Why a Service leads nowhere: from its selector over the pods to its endpoints and ports.
#pragma once

#include <vector>

#include "kube/api.h"
#include "kube/diagnose/finding.h"

namespace ferry::diagnose {

struct ServiceFacts {
  kube::Json service;
  std::vector<kube::Json> slices;  // its EndpointSlices
  std::vector<kube::Json> pods;    // all of its namespace
};

// Those that its selector selects; none without a selector.
std::vector<kube::Json> selected_pods(const ServiceFacts& facts);

// The likeliest cause first, those of the pods themselves left out. Empty: it leads somewhere.
std::vector<Finding> service_findings(const ServiceFacts& facts);

}  // namespace ferry::diagnose
