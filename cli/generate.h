// What is made from the command line's own description: completion scripts and man pages.
#pragma once

#include <string>

#include "base/result.h"

namespace ferry::cli {

// For "bash", "zsh" or "fish"; empty for any other shell.
std::string completion_script(const std::string& shell);

// The scripts of all shells, and a man page for ferry and each command. The directory is made if
// need be. Error: kIo.
Status write_generated_files(const std::string& directory);

}  // namespace ferry::cli
