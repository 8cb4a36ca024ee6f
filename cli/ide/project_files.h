// Files of a project of the user's: read with a limit, written in one step.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace ferry::cli::ide {

struct FileChange {
  std::string path;                   // absolute
  std::string name;                   // as the user is told: below the project's folder
  std::optional<std::string> before;  // nothing: it isn't there
  std::string after;
};

// Nothing if there is no such file. Errors: kIo, kExhausted (over 1 MiB).
Result<std::optional<std::string>> read_project_file(const std::string& path);

// Makes the folders that are missing, and replaces the file as a whole: it is the old or the new
// one at any time. Keeps its mode; a symbolic link stays, what it leads to is replaced. Error: kIo.
Status write_project_file(const FileChange& change);

}  // namespace ferry::cli::ide
