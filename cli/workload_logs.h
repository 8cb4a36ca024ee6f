// `ferry logs TYPE/NAME`: what the containers of a workload log, from the API server itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "cli/cluster.h"
#include "cli/invocation.h"
#include "cli/log_format.h"
#include "cli/terminal.h"
#include "kube/logs/follow_logs.h"
#include "kube/target.h"

namespace ferry::cli {

// What was asked for, understood.
struct LogsSpec {
  kube::Target target;
  std::string container;  // empty: all
  bool follow = false;
  bool previous = false;
  std::optional<std::int64_t> since_seconds;
  std::optional<std::int64_t> tail;
  LineFilter filter;
  bool timestamps = false;
};

// Error: kUsage.
Result<LogsSpec> logs_spec(const Invocation& invocation);

// Prints until there is no more, or nobody who reads it. Errors: those of Api; kNotFound (no such
// container; the nearest name is suggested), kUnavailable (there is no log).
Status print_logs(const Cluster& cluster, const LogsSpec& spec, Terminal& terminal,
                  const std::string& program);

// From now on SIGINT, SIGTERM and SIGHUP end the process at once, with kExitInterrupted: it has
// nothing to put back.
void end_at_once_on_signals();

}  // namespace ferry::cli
