// `ferry debug TYPE/NAME`: a container of one's own beside those of a pod, or in a copy of it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/cluster.h"
#include "cli/invocation.h"
#include "cli/terminal.h"
#include "kube/target.h"

namespace ferry::cli {

// What was asked for, understood.
struct DebugSpec {
  kube::Target target;
  std::string image;                 // with fork: empty for the container's own
  std::string container;             // --target; empty: none, with fork the first
  std::vector<std::string> command;  // empty: the image's, with fork a shell
  bool input = false;
  bool terminal = false;
  bool fork = false;
};

// Error: kUsage.
Result<DebugSpec> debug_spec(const Invocation& invocation);

// Until what was started has ended: its exit code. What was copied is deleted, also after SIGINT,
// SIGTERM, SIGHUP and SIGQUIT (kCancelled). Errors: those of Api; kNotFound (no such container),
// kUnavailable (it can't be started), those of exec::run_remote().
Result<int> debug(const Cluster& cluster, const DebugSpec& spec, Terminal& terminal,
                  const std::string& program);

}  // namespace ferry::cli
