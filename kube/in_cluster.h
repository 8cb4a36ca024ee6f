// The configuration that every pod has: its service account.
// https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
#pragma once

#include "base/result.h"
#include "kube/kubeconfig.h"

namespace ferry::kube {

// Whether the environment is that of a pod.
bool in_cluster(const KubeconfigSource& source);

// The token is named, not read: it rotates. Errors: kNotFound and kIo (CA or token not mounted),
// kInvalid (host or port make no URL).
Result<ClusterConfig> load_in_cluster(const KubeconfigSource& source);

}  // namespace ferry::kube
