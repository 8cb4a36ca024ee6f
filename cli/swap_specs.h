// From the words of `ferry swap-deployment`, `restore` and `list --swaps` to what the daemon is
// asked for.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "cli/invocation.h"
#include "daemon/control/api.h"
#include "daemon/control/paths.h"

namespace ferry::cli {

// --kubeconfig and the like; environment: of this process, as name and value.
control::KubeAccess kube_access(const Invocation& invocation,
                                const std::map<std::string, std::string>& environment,
                                const std::string& working_directory);

// Complete but for `kube`; reads the settings. Error: kUsage, kIo.
Result<control::SwapSpec> swap_spec(const Invocation& invocation, const control::GetEnv& get_env);

// Complete but for `kube`. Error: kUsage.
Result<control::RestoreSpec> restore_spec(const Invocation& invocation);

}  // namespace ferry::cli
