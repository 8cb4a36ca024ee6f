#include "cli/workload_logs.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <thread>
#include <utility>
#include <vector>

#include "base/suggest.h"
#include "cli/exit_code.h"
#include "cli/problems.h"
#include "cli/target_args.h"
#include "kube/json_field.h"
#include "kube/text.h"

namespace ferry::cli {
namespace {

using logs::LoggedContainer;

// Cancels when whoever reads our standard output is gone, even while there is nothing to be
// written.
class ReaderWatch {
 public:
  explicit ReaderWatch(kube::CancelToken& cancel) : cancel_(cancel), thread_([this] { watch(); }) {}
  ~ReaderWatch() {
    cancel_.cancel();
    thread_.join();
  }
  ReaderWatch(const ReaderWatch&) = delete;
  ReaderWatch& operator=(const ReaderWatch&) = delete;

 private:
  void watch() {
    // Asked for nothing, poll() tells of POLLERR and POLLHUP.
    std::array<pollfd, 2> on{{{STDOUT_FILENO, 0, 0}, {cancel_.descriptor(), POLLIN, 0}}};
    while (poll(on.data(), on.size(), -1) < 0) {
    }
    cancel_.cancel();
  }

  kube::CancelToken& cancel_;
  std::thread thread_;
};

LogPrefixes prefixes_for(const LogsSpec& spec, std::size_t pods) {
  using Pods = LogPrefixes::Pods;
  const bool containers = spec.container.empty();
  // While it is followed, more pods may come.
  const bool single = spec.target.kind == kube::TargetKind::kPod || (pods == 1 && !spec.follow);
  if (single) return {Pods::kLeaveOut, containers};
  const bool alike = spec.target.kind == kube::TargetKind::kDeployment ||
                     spec.target.kind == kube::TargetKind::kReplicaSet;
  return {alike ? Pods::kShort : Pods::kWhole, containers};
}

class LogPrinter {
 public:
  LogPrinter(const Cluster& cluster, const LogsSpec& spec, Terminal& terminal, std::string program)
      : cluster_(cluster), spec_(spec), terminal_(terminal), program_(std::move(program)) {}

  Status run() {
    auto source = logs::find_source(*cluster_.api, spec_.target, cluster_.ns, cancel_);
    if (!source) return fail(source.error());
    auto pods = cluster_.api->list(kube::kPods, source->ns, source->pods, cancel_);
    if (!pods) return fail(pods.error());
    if (const auto checked = check_container(*source, pods->items); !checked) return checked;
    LogFormat format(prefixes_for(spec_, pods->items.size()), spec_.timestamps,
                     terminal_.out_color());
    format_ = &format;
    const ReaderWatch reader(cancel_);
    return spec_.follow ? follow(*source, pods->items.empty()) : read(pods->items);
  }

 private:
  std::string what() const {
    return "reading the logs of " + to_string(spec_.target) + " in namespace " + cluster_.ns;
  }

  Status check_container(const logs::LogSource& source, const std::vector<kube::Json>& pods) const {
    if (spec_.container.empty()) return {};
    std::vector<std::string> names = source.declared;
    for (const auto& pod : pods) {
      for (auto& name : logs::container_names(kube::field(pod, "spec"))) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
      }
    }
    if (names.empty() || std::find(names.begin(), names.end(), spec_.container) != names.end()) {
      return {};
    }
    const std::string hint = did_you_mean(spec_.container, names);
    return fail(problem::kContainerUnknown, what(), "it has no container '" + spec_.container + "'",
                (hint.empty() ? "" : hint + " ") + "it has " + kube::enumerate(names, "none"));
  }

  bool print(const logs::LogLine& line) {
    if (spec_.filter.passes(line.text)) terminal_.print(format_->line(line));
    return terminal_.out_is_fine();
  }

  Status follow(const logs::LogSource& source, bool none) {
    if (none) terminal_.note("no pods yet; waiting for them");
    const logs::FollowOptions options{
        .container = spec_.container, .since_seconds = spec_.since_seconds, .tail = spec_.tail};
    return logs::follow_logs(*cluster_.api, source, options,
                             {.on_line = [this](const logs::LogLine& line) { return print(line); },
                              .on_note = [this](const std::string& text) { terminal_.note(text); }},
                             cancel_);
  }

  Status read(std::vector<kube::Json>& pods) {
    std::size_t found = 0;
    for (const auto& pod : pods) {
      for (const auto& container : logs::logged_containers(pod)) {
        if (!spec_.container.empty() && container.name != spec_.container) continue;
        const auto read = read_one(container);
        if (cancel_.cancelled() || !terminal_.out_is_fine()) return {};
        if (!read) return fail(read.error());
        found += *read ? 1U : 0U;
      }
    }
    if (found > 0) return {};
    return fail(problem::kNoPods, what(), why_none(pods.empty()),
                "'" + program_ + " diagnose " + to_string(spec_.target) + " -n " + cluster_.ns +
                    "' says what becomes of it");
  }

  std::string why_none(bool no_pods) const {
    if (no_pods) return "it has no pods at present";
    return spec_.previous ? "none of its containers has run before"
                          : "none of its containers has started yet";
  }

  // Whether it has a log.
  Result<bool> read_one(const LoggedContainer& container) {
    if ((spec_.previous ? container.previous_run : container.run).empty()) {
      if (!spec_.previous) {
        terminal_.note(to_string(container) + ": not started yet: " + container.waiting);
      }
      return false;
    }
    logs::Seam seam;
    const auto done = logs::read_log(
        *cluster_.api, cluster_.ns, container,
        {.previous = spec_.previous, .since_seconds = spec_.since_seconds, .tail = spec_.tail},
        seam, [this](const logs::LogLine& line) { return print(line); }, cancel_);
    if (done) return true;
    const ErrorCode code = done.error().code;
    if (code != ErrorCode::kInvalid && code != ErrorCode::kNotFound) return fail(done.error());
    // It went away, or its log was cleared away, since the pods were listed.
    terminal_.note(done.error().summary());
    return false;
  }

  const Cluster& cluster_;
  const LogsSpec& spec_;
  Terminal& terminal_;
  const std::string program_;
  LogFormat* format_ = nullptr;
  kube::CancelToken cancel_;
};

}  // namespace

Result<LogsSpec> logs_spec(const Invocation& invocation) {
  const auto& args = invocation.logs;
  const auto target = parse_kube_target(args.target);
  if (!target) return fail(target.error());
  LogsSpec spec{.target = *target,
                .container = args.container,
                .follow = invocation.follow,
                .previous = args.previous,
                .timestamps = args.timestamps};
  if (args.tail) spec.tail = *args.tail;
  if (!args.since.empty()) {
    const auto since = parse_duration(args.since);
    if (!since) return fail(since.error());
    spec.since_seconds = since->count();
  }
  auto filter = LineFilter::make(args.grep);
  if (!filter) return fail(filter.error());
  spec.filter = std::move(*filter);
  return spec;
}

Status print_logs(const Cluster& cluster, const LogsSpec& spec, Terminal& terminal,
                  const std::string& program) {
  return LogPrinter(cluster, spec, terminal, program).run();
}

void end_at_once_on_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    std::signal(signal, [](int) { _exit(kExitInterrupted); });
  }
}

}  // namespace ferry::cli
