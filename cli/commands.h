// What each command does. Each returns the exit code, and has printed whatever there is to say.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "cli/invocation.h"
#include "cli/terminal.h"
#include "daemon/control/paths.h"

namespace ferry::cli {

// The surroundings that a command works in.
struct Surroundings {
  control::GetEnv get_env;
  std::map<std::string, std::string> environment;        // for exec plugins, see KubeAccess
  std::map<std::string, std::string> whole_environment;  // for programs run here: any bytes
  std::string working_directory;
};

int run_command(const Invocation& invocation, Terminal& terminal, const Surroundings& surroundings);

}  // namespace ferry::cli
