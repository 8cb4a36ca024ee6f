// Which context is in force, to pick the settings that belong to it. The kubeconfig itself is the
// daemon's business: a file that can't be read here counts as "none", and the daemon says why.
#pragma once

#include <string>

#include "daemon/control/paths.h"

namespace ferry::cli {

// The first non-empty current-context of --kubeconfig, the KUBECONFIG list, or ~/.kube/config.
std::string current_context(const std::string& kubeconfig_flag, const control::GetEnv& get_env);

}  // namespace ferry::cli
