// `ferry ide`: tasks and launch configurations for an IDE, put beside those that are there.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/ide/plan.h"
#include "cli/ide/project_files.h"
#include "cli/terminal.h"

namespace ferry::cli::ide {

// All files as they are to be; none is touched. Errors: kInvalid (a file that can't be read as what
// it should be; says where), kAlreadyExists (somebody else's file is in the way), as
// vscode_entries() and jetbrains_files().
Result<std::vector<FileChange>> vscode_changes(const Plan& plan);
Result<std::vector<FileChange>> jetbrains_changes(const Plan& plan);

// The command: prints what it has written, or with --dry-run what it would write. Errors: as above
// and make_plan(); kIo.
Status run(const Invocation& invocation, const control::GetEnv& get_env,
           const std::string& working_directory, Terminal& terminal);

}  // namespace ferry::cli::ide
