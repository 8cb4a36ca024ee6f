#include "cli/exec.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/suggest.h"
#include "cli/problems.h"
#include "cli/raw_terminal.h"
#include "cli/target_args.h"
#include "kube/exec/choose_container.h"
#include "kube/exec/problems.h"
#include "kube/exec/run_remote.h"
#include "kube/target_pods.h"
#include "kube/text.h"

namespace ferry::cli {
namespace {

std::optional<exec::TerminalSize> size_of_terminal() {
  for (const int fd : {STDOUT_FILENO, STDIN_FILENO, STDERR_FILENO}) {
    winsize size = {};
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
      return exec::TerminalSize{size.ws_col, size.ws_row};
    }
  }
  return std::nullopt;
}

// kNotFound (no such container) gets "did you mean 'side'?" before the names that it has.
Error with_suggestion(Error error, const std::string& wanted, const std::vector<kube::Json>& pods) {
  if (error.code != ErrorCode::kNotFound) return error;
  std::vector<std::string> names;
  for (const auto& pod : pods) {
    for (auto& container : exec::containers_of(pod)) names.push_back(std::move(container.name));
  }
  const std::string hint = did_you_mean(wanted, names);
  if (!hint.empty()) error.fix = hint + " " + error.fix;
  return error;
}

}  // namespace

bool keeps_terminal(bool wanted, bool input, Terminal& terminal) {
  if (!wanted || !input || isatty(STDIN_FILENO) != 0) return wanted;
  terminal.warn(problem::kNoTerminal, "standard input is no terminal: going on without -t");
  return false;
}

Result<ExecSpec> exec_spec(const Invocation& invocation) {
  const auto& args = invocation.exec;
  const auto target = parse_kube_target(args.target);
  if (!target) return fail(target.error());
  return ExecSpec{*target, args.container, args.command, args.input, args.terminal};
}

Result<int> run_in_container(const Cluster& cluster, const ExecSpec& spec, Terminal& terminal,
                             const std::string& program) {
  const kube::CancelToken never;
  const std::string what = "running '" + spec.command.front() + "' in " + to_string(spec.target) +
                           " in namespace " + cluster.ns;
  const auto found = kube::find_pods(*cluster.api, spec.target, cluster.ns, what, never);
  if (!found) return fail(found.error());
  const auto pods = cluster.api->list(kube::kPods, cluster.ns, found->selectors, never);
  if (!pods) return fail(pods.error());
  const auto place =
      exec::choose_container(pods->items, spec.container, what, to_string(spec.target), program);
  if (!place) return fail(with_suggestion(place.error(), spec.container, pods->items));
  if (spec.container.empty() && !place->others.empty()) {
    terminal.note("in container " + place->container + "; there are also " +
                  kube::enumerate(place->others, ""));
  }
  const exec::RemoteCommand command{
      .ns = cluster.ns,
      .pod = place->pod,
      .container = place->container,
      .command = spec.command,
      .input = spec.input,
      .terminal = keeps_terminal(spec.terminal, spec.input, terminal)};
  return run_here(cluster, command, terminal, nullptr);
}

Result<int> run_here(const Cluster& cluster, const exec::RemoteCommand& command, Terminal& terminal,
                     const kube::CancelToken* cancel, const std::function<void()>& on_started) {
  std::optional<RawTerminal> raw;
  const auto signals = cancel == nullptr ? EndingSignals::kEnd : EndingSignals::kAsBefore;
  const exec::LocalEnd local{
      .input = STDIN_FILENO,
      .output = STDOUT_FILENO,
      .errors = STDERR_FILENO,
      .terminal_size = size_of_terminal,
      .on_started =
          [&] {
            if (on_started) on_started();
            if (command.terminal && command.input) raw.emplace(STDIN_FILENO, signals);
          },
      .on_ended = [&] { raw.reset(); },
      .on_note =
          [&](const std::string& line) { terminal.warn(exec::problem::kInputStaysOpen, line); },
      .cancel = cancel};
  return exec::run_remote(cluster.credentials, command, local);
}

}  // namespace ferry::cli
