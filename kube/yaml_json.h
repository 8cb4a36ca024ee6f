// YAML to JSON, for the one piece of a kubeconfig that is passed on as it is.
#pragma once

#include <string>

#include "base/result.h"

namespace YAML {
class Node;
}

namespace ferry::kube {

// Scalars become what YAML 1.2's JSON schema makes of them; quoted ones are texts. At most 10,000
// nodes and 64 levels (aliases could make a small file huge). Error: kInvalid with an empty `what`.
Result<std::string> yaml_to_json(const YAML::Node& node);

}  // namespace ferry::kube
