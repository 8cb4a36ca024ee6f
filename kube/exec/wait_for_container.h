// Until a container has been started.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "kube/api.h"
#include "kube/cancel.h"
#include "kube/exec/debug_pod.h"

namespace ferry::exec {

// Blocks until the container runs or has ended. `on_wait` hears what it waits for, each time that
// this changes. A watch that is
// lost is begun anew. Errors: those of Api, of listing; kUnavailable (it can't be started, and
// waiting won't help; or the pod is gone). `what` begins their texts.
Result<ContainerProgress> wait_for_container(kube::Api& api, const std::string& ns,
                                             const std::string& pod, const std::string& container,
                                             const std::string& what,
                                             const std::function<void(const std::string&)>& on_wait,
                                             const kube::CancelToken& cancel);

}  // namespace ferry::exec
