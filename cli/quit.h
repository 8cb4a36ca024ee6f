// The wait of `ferry quit` for the daemon's end.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/terminal.h"
#include "daemon/control/client.h"

namespace ferry::cli {

// Returns once nobody serves any more; shows which swaps are still being put back, which may take
// as long as it does, and what keeps them. The result: those that were left at the last look.
// Error: kTimedOut when nothing of that kind keeps it.
Result<std::string> wait_for_end(const control::Client& client, Terminal& terminal,
                                 const std::string& program);

}  // namespace ferry::cli
