// Which program an IDE has to debug, where the user doesn't say so.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/ide/plan.h"

namespace ferry::cli::ide {

// C++: the program's path; empty: the target that CMake has chosen. Go: the package's folder.
// Python: a file (*.py), else a module. Node.js: a script. Java: the main class; empty: the IDE
// looks for it. `given`: --program, or empty. Relative paths are relative to the folder.
//
// Error: kUsage, where the language needs one and none can be told.
Result<std::string> program_of(Language language, const std::string& given,
                               const std::string& folder);

}  // namespace ferry::cli::ide
