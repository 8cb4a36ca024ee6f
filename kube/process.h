// Runs a program to its end and takes what it says.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "kube/cancel.h"
#include "kube/cluster_config.h"

namespace ferry::kube {

struct ProcessSpec {
  std::string command;  // with a separator: a path; else looked for in the environment's PATH
  std::vector<std::string> args;
  Environment environment;     // all of it; nothing of this process's own is added
  bool inherit_input = false;  // else it reads from /dev/null
  std::function<void(std::string_view)> on_output;        // standard output, as it comes
  std::function<void(std::string_view)> on_error_output;  // standard error, as it comes
  Duration time_limit{};                                  // 0: none
};

struct ProcessOutcome {
  std::string output;  // standard output, unless `on_output` took it
  int exit_code = 0;   // 128 + signal number if a signal ended it
};

// Blocks; cancelling and the end of the time limit kill the program and what it started in its
// process group. Without `inherit_input` it gets a process group of its own (with it, it must stay
// in the terminal's). Errors: kNotFound (no such command), kIo (cannot be run), kExhausted (output
// over 1 MiB that nobody took), kTimedOut, kCancelled.
Result<ProcessOutcome> run_process(const ProcessSpec& spec, const CancelToken& cancel);

}  // namespace ferry::kube
