// What VS Code is to have: tasks and launch configurations.
//
// Sources: https://code.visualstudio.com/docs/reference/tasks-appendix (tasks.json),
// https://code.visualstudio.com/docs/debugtest/debugging-configuration (launch.json), and the
// extensions' own pages for the attributes of cppdbg, go, debugpy, node and java.
#pragma once

#include <string>
#include <vector>

#include "cli/ide/jsonc.h"
#include "cli/ide/plan.h"

namespace ferry::cli::ide {

struct VscodeEntries {
  std::vector<jsonc::Json> tasks;
  std::vector<jsonc::Json> launches;
};

// Error: kInvalid, where a text can't be written so that VS Code reads it as it is.
Result<VscodeEntries> vscode_entries(const Plan& plan);

}  // namespace ferry::cli::ide
