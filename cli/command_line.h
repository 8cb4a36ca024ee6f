// The command line: its definition, and the parsing of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command_doc.h"
#include "cli/invocation.h"

namespace ferry::cli {

// Exactly one of the two is set.
struct ParseOutcome {
  std::optional<Invocation> invocation;
  std::string text;  // --help and the like: to be printed, and that was all
};

// "ferry", or "kubectl ferry" when argv[0] says that kubectl runs us as its plugin.
std::string program_name(const std::string& argv0);

// args without argv[0]. Error: kUsage; its fix suggests the nearest name where one is near.
Result<ParseOutcome> parse_command_line(const std::string& program,
                                        const std::vector<std::string>& args);

// The same definition as data.
ProgramDoc describe_command_line(const std::string& program);

}  // namespace ferry::cli
