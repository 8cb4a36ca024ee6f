// `ferry status --watch`: looks at the daemon once a second, until the user has enough. On a
// terminal the picture is drawn over the last one; elsewhere each change is a line.
#pragma once

#include "cli/terminal.h"
#include "daemon/control/client.h"

namespace ferry::cli {

// Goes on while no daemon runs, and says so. Returns the exit code: 130 once a signal ends it, 1
// when nobody reads what it prints any more. `json`: each status that differs from the one before,
// as a line of JSON.
int watch_status(const control::Client& client, Terminal& terminal, bool json);

}  // namespace ferry::cli
