// Shell scripts for IDEs whose "before launch" waits for a command to end: they leave what has to
// stay running behind, and return once it is ready.
#pragma once

#include <string>
#include <vector>

namespace ferry::cli::ide {

// Every script has this line; relative paths in its words are relative to the project's folder.
extern const char* const kScriptMark;

// A word for sh to read as it is.
std::string quoted(const std::string& word);

// Runs a command to its end.
std::string plain_script(const std::vector<std::string>& words);

// Starts a command in a session of its own, and returns when a line of its output has `ready`
// (an extended regular expression): with 0; or with its exit code when it ends before that. One
// that runs already is waited for. `name`: of its log and lock, below kOurFolder.
std::string background_script(const std::vector<std::string>& words, const std::string& ready,
                              const std::string& name);

}  // namespace ferry::cli::ide
