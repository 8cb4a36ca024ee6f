// https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#define-a-liveness-command
#include <string_view>

#include "daemon/probe/checks.h"
#include "kube/process.h"
#include "kube/text.h"

namespace ferry::daemon {
namespace {

constexpr std::size_t kMaxOutput = std::size_t{10} * 1024;

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const auto& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

ProbeOutcome timed_out(const ExecAction& action, Duration timeout) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout).count();
  return {ProbeVerdict::kFailure, "command timed out: \"" + joined(action.command) +
                                      "\" timed out after " + std::to_string(seconds) + "s"};
}

}  // namespace

ProbeOutcome check_exec(const ExecAction& action, Duration timeout,
                        const kube::Environment& environment, const kube::CancelToken& cancel) {
  std::string output;
  const auto take = [&output](std::string_view text) {
    output += text.substr(0, kMaxOutput - output.size());
  };
  kube::ProcessSpec spec{.command = action.command.front(), .environment = environment};
  spec.args.assign(action.command.begin() + 1, action.command.end());
  spec.on_output = take;
  spec.on_error_output = take;
  spec.time_limit = timeout;
  const auto outcome = kube::run_process(spec, cancel);
  if (outcome && outcome->exit_code == 0) return {ProbeVerdict::kSuccess, {}};
  if (outcome) return {ProbeVerdict::kFailure, std::string(kube::trim(output))};
  if (outcome.error().code == ErrorCode::kTimedOut) return timed_out(action, timeout);
  return {ProbeVerdict::kUnknown, outcome.error().summary()};
}

}  // namespace ferry::daemon
