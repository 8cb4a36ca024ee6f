// A container's environment in the forms that other programs read.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/control/environment.h"

namespace ferry::cli {

using Variables = std::vector<control::Variable>;

struct FormattedEnvironment {
  std::string text;
  std::vector<std::string> left_out;  // "NAME: why it can't be written in this form"
};

// Docker's --env-file: NAME=VALUE lines, everything after '=' as it is. No line breaks, UTF-8 only,
// lines of less than 64 KiB (as the Docker CLI reads them: opts/file.go, bufio.Scanner).
FormattedEnvironment as_env_file(const Variables& variables);

// One object: "NAME": "VALUE", or "NAME": {"base64": "..."} where the value is not UTF-8.
FormattedEnvironment as_json(const Variables& variables);

// Lines of `export NAME='VALUE'` for a POSIX shell. Any value will do; names have to be a shell's.
FormattedEnvironment as_shell(const Variables& variables);

// What says where things are on the machine a process runs on (PATH, HOME, LD_PRELOAD, ...): the
// container's value would be wrong here, and could make any program load a file of its choice.
bool belongs_to_the_machine(const std::string& name);

// The variables without those that belong to the machine.
Variables portable(const Variables& variables);

// "NAME=VALUE" for a process started here: the local environment, the container's laid over it.
std::vector<std::string> process_environment(const std::map<std::string, std::string>& local,
                                             const Variables& variables);

}  // namespace ferry::cli
