// `ferry forward`: makes links, and stays with them until they end or the user has enough.
#pragma once

#include <functional>
#include <vector>

#include "base/result.h"
#include "cli/terminal.h"
#include "daemon/control/client.h"

namespace ferry::cli {

struct ForwardOptions {
  bool detach = false;
  bool json = false;   // events as lines of JSON on stdout
  bool quiet = false;  // nothing on stdout: the caller prints the result
  // A daemon to talk to: called again if the first one went away while links were held.
  std::function<Result<control::Client>()> daemon;
  std::string program;  // for hints
};

// How it went: the exit code, and the links that stay (--detach).
struct ForwardResult {
  int exit_code = 0;
  std::vector<control::LinkStatus> links;
};

// Takes SIGINT, SIGTERM and SIGHUP for itself: the first one ends the links and waits for it, a
// second one leaves that to the daemon. To be called before other threads are started.
ForwardResult forward(std::vector<control::LinkSpec> specs, Terminal& terminal,
                      const ForwardOptions& options);

}  // namespace ferry::cli
