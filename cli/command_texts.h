// The words of the help texts and man pages, command by command.
#pragma once

#include <array>

#include "cli/invocation.h"

namespace ferry::cli {

struct CommandText {
  Command command;
  const char* name;
  const char* alias;     // a second name, or ""
  const char* summary;   // one line, for the list of commands
  const char* operands;  // after the command's name in the usage line
  const char* details;   // what a newcomer has to know
  const char* examples;  // one a line; "ferry" is replaced by the program's name
};

extern const std::array<CommandText, 9> kCommandTexts;

extern const char* const kProgramSummary;
extern const char* const kProgramExamples;

}  // namespace ferry::cli
