// `ferry status --test`: has the links tested, and waits for what comes of it.
#pragma once

#include <chrono>
#include <string>

#include "cli/terminal.h"
#include "daemon/control/client.h"

namespace ferry::cli {

struct TestedLinks {
  bool fine = true;  // each of them works; what a test of a swap can't decide is not against it
  std::string late;  // "svc/a, svc/b": those whose test gave no answer in time
};

// All links of the daemon; waits for `patience`, at most. Errors: those of the calls.
Result<TestedLinks> test_links(const control::Client& client, Terminal& terminal,
                               std::chrono::milliseconds patience = std::chrono::seconds(20));
// What is to be said of those that are late.
Error late_tests(const TestedLinks& tested);

}  // namespace ferry::cli
