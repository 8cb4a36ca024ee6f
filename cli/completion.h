// Completion scripts for shells, made from the command line's definition.
#pragma once

#include <string>

#include "cli/command_doc.h"

namespace ferry::cli {

std::string bash_completion(const ProgramDoc& doc);
std::string zsh_completion(const ProgramDoc& doc);
std::string fish_completion(const ProgramDoc& doc);

}  // namespace ferry::cli
