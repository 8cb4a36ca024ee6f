// Label selectors as objects have them, held against labels.
// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
#pragma once

#include "kube/api.h"

namespace ferry::kube {

// `selector`: {"matchLabels": ..., "matchExpressions": ...}; one that is empty selects everything,
// one that is no object nothing. `labels`: an object, or null for none.
bool selects(const Json& selector, const Json& labels);

}  // namespace ferry::kube
