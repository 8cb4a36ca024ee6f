// What the user may do, as the API server answers it.
// https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-access-review-v1/
#pragma once

#include <string>

#include "base/result.h"
#include "kube/api.h"
#include "kube/cancel.h"

namespace ferry::kube {

struct Right {
  std::string verb;  // "get", "patch"
  Resource resource;
  std::string name;         // empty: any
  std::string subresource;  // empty: the object itself
};

// "patch deployments.apps 'web'", "get pods/log"
std::string to_string(const Right& right);

// One SelfSubjectAccessReview. Errors: those of Api.
Result<bool> may(Api& api, const std::string& ns, const Right& right, const CancelToken& cancel);

}  // namespace ferry::kube
