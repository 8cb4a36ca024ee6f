// The words of the help texts and man pages, command by command.
#pragma once

#include <array>

#include "cli/invocation.h"

namespace ferry::cli {

// The common options that a command uses; others are refused. --verbose, --no-color and --help go
// with every command.
enum Common : unsigned {
  kUsesNamespace = 1,
  kUsesContext = 2,
  kUsesKubeconfig = 4,
  kUsesLogLevel = 8,
  kUsesCluster = kUsesNamespace | kUsesContext | kUsesKubeconfig | kUsesLogLevel,
};

struct CommandText {
  Command command;
  const char* name;
  const char* alias;     // a second name, or ""
  const char* summary;   // one line, for the list of commands
  const char* operands;  // after the command's name in the usage line
  const char* details;   // what a newcomer has to know
  const char* examples;  // one a line; "ferry" is replaced by the program's name
  unsigned common;       // bits of Common
  const char* formats;   // of -o, one word each; empty: there is nothing to format
};

extern const std::array<CommandText, 16> kCommandTexts;

extern const char* const kProgramSummary;
extern const char* const kProgramExamples;

}  // namespace ferry::cli
