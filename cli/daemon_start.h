// Finding the daemon, and starting one where none runs.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "daemon/control/client.h"
#include "daemon/control/paths.h"

namespace ferry::cli {

// Where ferryd is: beside this executable, in ../libexec/ferry, in the build tree, in PATH. Error:
// kNotFound.
Result<std::string> find_ferryd(const control::GetEnv& get_env);

// A client of the daemon that runs, or nothing when none does. Errors: those of Client::probe().
Result<std::optional<control::Client>> running_daemon(const control::Paths& paths);

// Whether a daemon that has ended has left something that the next one takes up or puts back.
bool something_is_left(const control::Paths& paths);
// The same of swaps alone.
bool swaps_are_left(const control::Paths& paths);

// A client of the daemon, which is started if none runs, and serves when this returns. Several
// starters at once end up with the same daemon. Errors: kNotFound (no ferryd to start),
// kUnavailable (it ended at once; `why` is what it said), kTimedOut.
Result<control::Client> ensure_daemon(const control::Paths& paths, const control::GetEnv& get_env,
                                      const std::string& log_level);

// What to tell the user when daemon and client are of different versions.
std::optional<Error> version_mismatch(const std::string& client, const std::string& daemon,
                                      const std::string& program);

}  // namespace ferry::cli
