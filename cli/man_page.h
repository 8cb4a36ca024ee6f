// Manual pages (troff, man(7)), made from the command line's definition.
#pragma once

#include <string>

#include "cli/command_doc.h"

namespace ferry::cli {

// ferry(1) for the program itself, ferry-forward(1) and so on for its commands.
std::string man_page(const ProgramDoc& doc, const CommandDoc& command, const std::string& version);

}  // namespace ferry::cli
