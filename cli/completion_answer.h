// What `ferry __complete` answers, with the names that the kubeconfig, the cluster and the running
// daemon have.
#pragma once

#include <map>
#include <string>

#include "cli/invocation.h"
#include "daemon/control/paths.h"

namespace ferry::cli {

// As completions_text() has it, of invocation.typed. Takes 2 s at most: what can't be known by
// then is left out. Starts no daemon, prints nothing, and lets no credential plugin ask on the
// terminal. Ends this process where something hangs: to be called by a process that is only there
// for it.
std::string answer_completion(const Invocation& invocation, const control::GetEnv& get_env,
                              const std::map<std::string, std::string>& environment,
                              const std::string& working_directory);

}  // namespace ferry::cli
