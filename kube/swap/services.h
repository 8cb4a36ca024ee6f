// The Services in front of a workload.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "kube/api.h"
#include "kube/model.h"
#include "kube/swap/run.h"

namespace ferry::swap {

// Those of the namespace whose selector fits these labels, as the API server has them.
Result<std::vector<kube::Json>> services_for(Run& run, const std::string& ns,
                                             const kube::Json& labels);

Result<kube::Endpoints> endpoints_of(Run& run, const std::string& ns, const std::string& service);

// Whether a pod is among the ready endpoints.
bool has_ready(const kube::Endpoints& endpoints, const std::string& pod);

}  // namespace ferry::swap
