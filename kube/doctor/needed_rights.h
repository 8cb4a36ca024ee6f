// Every right that Ferry uses in a namespace, what for, and what is lost without it.
// manifests/user-role.yaml grants the same ones.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "kube/access.h"

namespace ferry::doctor {

struct Area {
  std::string name;  // "logs": stable, for programs
  std::string cost;  // of a missing one
  std::vector<kube::Right> rights;
};

const std::vector<Area>& needed_rights();

struct AreaAnswer {
  const Area* area;
  std::vector<bool> allowed;  // in the order of area->rights
};

// One review for each right, several at once. Errors: those of Api.
Result<std::vector<AreaAnswer>> ask_for_rights(kube::Api& api, const std::string& ns,
                                               const kube::CancelToken& cancel);

}  // namespace ferry::doctor
