// `ferry status --test`: has the links tested, and waits for what comes of it.
#pragma once

#include "cli/terminal.h"
#include "daemon/control/client.h"

namespace ferry::cli {

// All links of the daemon, for at most 20 s. False: one of them doesn't work. Errors: those of the
// calls.
Result<bool> test_links(const control::Client& client, Terminal& terminal);

}  // namespace ferry::cli
