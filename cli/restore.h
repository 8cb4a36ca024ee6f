// Putting swapped workloads back: `ferry restore`, and `ferry leave` for links that are swaps.
#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"
#include "daemon/control/client.h"

namespace ferry::cli {

struct RestoreOptions {
  bool json = false;    // events as lines of JSON on stdout
  std::string program;  // for hints
};

// Each returns the exit code. SIGINT, SIGTERM and SIGHUP end the waiting; the daemon goes on.
int restore(const control::Client& client, const control::RestoreSpec& spec, Terminal& terminal,
            const RestoreOptions& options);

// Ends links, and waits for the swaps among them to be restored, with progress.
int end_links(const control::Client& client, const std::vector<control::LinkStatus>& links,
              Terminal& terminal, const std::string& program);

}  // namespace ferry::cli
