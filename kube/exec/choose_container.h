// Which container of which pod a command runs in.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "kube/api.h"

namespace ferry::exec {

struct ContainerState {
  std::string name;
  bool running = false;
  std::string why_not;  // while it isn't, as far as its status says: "CrashLoopBackOff: ..."
};

// In the order of their specification: the pod's own, those that run before them (sidecars among
// them), ephemeral ones.
std::vector<ContainerState> containers_of(const kube::Json& pod);

struct Place {
  std::string pod;
  std::string container;
  std::vector<std::string> others;  // the pod's other containers
};

// The container called `wanted`, or else what the pod's annotation
// kubectl.kubernetes.io/default-container names, or its first; in a pod where it runs, a ready one
// before others, those that end last. `what`, `target` ("deploy/web") and `program` are for the
// error's text. Errors: kNotFound (no pod has such a container), kUnavailable (there is no pod, or
// it runs in none).
Result<Place> choose_container(const std::vector<kube::Json>& pods, const std::string& wanted,
                               const std::string& what, const std::string& target,
                               const std::string& program);

}  // namespace ferry::exec
