// Which container is stood in for, and which of its ports are exposed.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "kube/api.h"
#include "kube/swap/plan.h"

namespace ferry::swap {

// `pod_template` is the pod template. With an empty `wanted`: the only container there is, the one
// of the annotation kubectl.kubernetes.io/default-container, or the only one that declares a port.
// Errors: kNotFound, kUsage (it must be said which; lists them), kUnsupported (an init container).
Result<kube::Json> choose_container(const kube::Json& pod_template, const std::string& wanted);

struct ExposePlan {
  std::vector<Exposed> ports;
  std::vector<Error> warnings;  // a port that the container doesn't declare
};

// Errors: kNotFound (no port of that name), kUnsupported (not TCP), kUsage (nothing to expose, a
// port twice), kAlreadyExists (another container of the pod has it).
Result<ExposePlan> choose_ports(const kube::Json& pod_template, const kube::Json& container,
                                const SwapRequest& request);

// The first port from `wanted` on that no container declares and that isn't exposed.
std::uint16_t free_port(const kube::Json& pod_template, const std::vector<Exposed>& exposed,
                        std::uint16_t wanted, std::uint16_t other);

}  // namespace ferry::swap
