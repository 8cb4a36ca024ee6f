// `ferry exec TYPE/NAME -- COMMAND`: a command in a container, spoken to through the API server.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/cluster.h"
#include "cli/invocation.h"
#include "cli/terminal.h"
#include "kube/exec/channels.h"
#include "kube/target.h"

namespace ferry::cli {

// What was asked for, understood.
struct ExecSpec {
  kube::Target target;
  std::string container;  // empty: the pod's first
  std::vector<std::string> command;
  bool input = false;
  bool terminal = false;
};

// Error: kUsage.
Result<ExecSpec> exec_spec(const Invocation& invocation);

// Until the command has ended: its exit code. Errors: those of Api; kNotFound (no such container;
// the nearest name is suggested), kUnavailable (it doesn't run), those of run_remote().
Result<int> run_in_container(const Cluster& cluster, const ExecSpec& spec, Terminal& terminal,
                             const std::string& program);

// Runs or attaches as it stands, with this process's standard streams; our terminal is raw
// meanwhile where the command gets one and its input. `cancel` ends it with kCancelled; null:
// signals that end the process do so at once. `on_started` as in exec::LocalEnd; may be empty.
Result<int> run_here(const Cluster& cluster, const exec::RemoteCommand& command, Terminal& terminal,
                     const kube::CancelToken* cancel, const std::function<void()>& on_started = {});

// Where standard input is no terminal, there is nothing that a remote one could be an end of: says
// so, and whether to go on with one.
bool keeps_terminal(bool wanted, bool input, Terminal& terminal);

}  // namespace ferry::cli
