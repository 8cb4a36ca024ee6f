// Why a container's image is not there.
#pragma once

#include <optional>

#include "kube/diagnose/finding.h"
#include "kube/diagnose/pod_facts.h"

namespace ferry::diagnose {

// `container` as in the pod's spec, `waiting` its state. Nothing: it doesn't wait for an image.
std::optional<Finding> image_finding(const PodFacts& facts, const kube::Json& container,
                                     const kube::Json& waiting);

}  // namespace ferry::diagnose
