// What the parser alone doesn't see: options that don't go together, or that a command has no use
// for.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/invocation.h"

namespace ferry::cli {

// kUsage, about the command line.
Error usage_error(std::string why, std::string fix);

// "json" and the like, whichever command it is for.
Result<OutputFormat> parse_format(const std::string& name);

// Common options may stand before the command's name: those that it doesn't use are refused.
// output: the format as given, empty if not.
Status check_common(const Invocation& invocation, const std::string& output);

// Everything else.
Status check_invocation(const Invocation& invocation);

}  // namespace ferry::cli
