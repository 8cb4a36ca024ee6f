// Completion scripts for shells. What may stand at the cursor they ask of `ferry __complete`
// (complete.h), so that it is told in one place and by the program that will run.
#pragma once

#include <string>

namespace ferry::cli {

std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace ferry::cli
