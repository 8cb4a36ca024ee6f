// `ferry swap-deployment`: makes a swap and stays with it until it is restored, with the user's
// program beside it if there is one.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "cli/invocation.h"
#include "cli/terminal.h"
#include "daemon/control/client.h"

namespace ferry::cli {

struct SwapOptions {
  SwapArguments args;  // what has to do with the local process
  bool json = false;   // events as lines of JSON on stdout
  bool quiet = false;  // nothing on stdout: the caller prints the result
  // A daemon to talk to: called again if the first one went away while the swap was held.
  std::function<Result<control::Client>()> daemon;
  std::map<std::string, std::string> environment;  // of this process
  std::string program;                             // for hints
};

// How it went: the exit code, and the link that stays (--detach).
struct SwapResult {
  int exit_code = 0;
  std::optional<control::LinkStatus> link;
};

// Takes SIGINT, SIGTERM, SIGHUP and SIGCHLD for itself. The first one of the former three begins
// the restore, and the user's program goes on answering until that is done; then it gets the same
// signal. A second one leaves the rest to the daemon. To be called before other threads are
// started.
SwapResult swap(control::SwapSpec spec, Terminal& terminal, const SwapOptions& options);

}  // namespace ferry::cli
