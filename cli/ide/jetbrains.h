// What the IDEs of JetBrains are to have: run configurations, one a file in .run/, and the scripts
// that they run.
//
// There is no specification of these files: the elements are those that the IDEs themselves write.
// Shell Script: ShRunConfiguration of intellij-community; ENV_FILES of Python and Application: its
// EnvFilesOptions; net.ashald.envfile: the plugin EnvFile, which GoLand needs for an env file.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/ide/plan.h"

namespace ferry::cli::ide {

struct OwnFile {
  std::string path;  // below the project's folder
  std::string content;
  std::string mark;  // a file that is there already without this text is somebody else's
};

// The port that gdbserver is given on this machine, for CLion to attach to.
constexpr int kGdbserverPort = 2345;

// Errors: kUsage (a program is missing), kUnsupported (a debugger that doesn't attach).
Result<std::vector<OwnFile>> jetbrains_files(const Plan& plan);

}  // namespace ferry::cli::ide
