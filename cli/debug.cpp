#include "cli/debug.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <optional>
#include <string_view>
#include <utility>

#include "base/suggest.h"
#include "cli/exec.h"
#include "cli/problems.h"
#include "cli/target_args.h"
#include "cli/workload_logs.h"
#include "kube/exec/choose_container.h"
#include "kube/exec/debug_pod.h"
#include "kube/exec/wait_for_container.h"
#include "kube/json_field.h"
#include "kube/logs/read_log.h"
#include "kube/model.h"
#include "kube/target_pods.h"
#include "kube/text.h"

namespace ferry::cli {
namespace {

using kube::Json;

constexpr const char* kEphemeralContainers = "ephemeralcontainers";
constexpr int kNobodyReads = 128 + SIGPIPE;
constexpr int kMostFailures = 5;  // in a row, of reading a log

// The answer is missing, which says nothing about what was asked for.
bool is_unanswered(ErrorCode code) {
  constexpr std::array kUnanswered = {ErrorCode::kCancelled, ErrorCode::kTimedOut,
                                      ErrorCode::kUnreachable, ErrorCode::kReset,
                                      ErrorCode::kProtocol};
  return std::find(kUnanswered.begin(), kUnanswered.end(), code) != kUnanswered.end();
}

// SIGINT, SIGTERM, SIGHUP and SIGQUIT cancel the token, while this lives. At most one at a time.
class CancelledBySignals {
 public:
  explicit CancelledBySignals(kube::CancelToken& token) {
    token_ = &token;
    for (const int number : kSignals) std::signal(number, [](int) { token_->cancel(); });
  }
  // What comes later comes too late: the process is about to end.
  ~CancelledBySignals() {
    for (const int number : kSignals) std::signal(number, SIG_IGN);
    token_ = nullptr;
  }
  CancelledBySignals(const CancelledBySignals&) = delete;
  CancelledBySignals& operator=(const CancelledBySignals&) = delete;

 private:
  static constexpr std::initializer_list<int> kSignals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  static inline kube::CancelToken* token_ = nullptr;
};

class Debugger {
 public:
  Debugger(const Cluster& cluster, const DebugSpec& spec, Terminal& terminal, std::string program)
      : cluster_(cluster),
        spec_(spec),
        terminal_(terminal),
        program_(std::move(program)),
        what_("debugging " + to_string(spec.target) + " in namespace " + cluster.ns),
        has_terminal_(keeps_terminal(spec.terminal, spec.input, terminal)) {}

  Result<int> run() {
    auto pod = find_pod();
    if (!pod) return fail(pod.error());
    if (const auto checked = check_container(*pod); !checked) return fail(checked.error());
    return spec_.fork ? in_copy(*pod) : beside(*pod);
  }

 private:
  kube::Api& api() const { return *cluster_.api; }

  // Of several, one that isn't on its way out; a crashing one is as good as any other. One that has
  // ended can still be copied.
  Result<Json> find_pod() {
    const auto found = kube::find_pods(api(), spec_.target, cluster_.ns, what_, cancel_);
    if (!found) return fail(found.error());
    auto pods = api().list(kube::kPods, cluster_.ns, found->selectors, cancel_);
    if (!pods) return fail(pods.error());
    for (Json& pod : pods->items) {
      const bool usable = spec_.fork || !exec::has_ended(pod);
      if (usable && !kube::parse_pod(pod).terminating) return std::move(pod);
    }
    return fail(problem::kNoPods, what_,
                pods->items.empty() ? "it has no pods at present" : "its pods have ended",
                "'" + program_ + " diagnose " + to_string(spec_.target) + "' says why");
  }

  // In a copy, init containers do what they always do.
  Status check_container(const Json& pod) const {
    if (spec_.container.empty()) return {};
    std::vector<std::string> names;
    for (const char* group : {"containers", "initContainers"}) {
      if (spec_.fork && group == std::string_view("initContainers")) continue;
      for (const Json& each : kube::array_field(kube::field(pod, "spec"), group)) {
        names.push_back(kube::text_field(each, "name"));
      }
    }
    if (std::find(names.begin(), names.end(), spec_.container) != names.end()) return {};
    const std::string hint = did_you_mean(spec_.container, names);
    return fail(problem::kContainerUnknown, what_,
                "the pod has no container '" + spec_.container + "'" +
                    (spec_.fork ? " that a copy could let wait" : ""),
                (hint.empty() ? "" : hint + " ") + "it has " + kube::enumerate(names, "none"));
  }

  Result<exec::ContainerProgress> wait_for(const std::string& pod, const std::string& container) {
    auto progress = exec::wait_for_container(
        api(), cluster_.ns, pod, container, what_,
        [&](const std::string& why) {
          terminal_.progress("waiting for container " + container + ": " + why);
        },
        cancel_);
    terminal_.clear_progress();
    return progress;
  }

  // --- a container beside the pod's own -------------------------------------------------------

  Result<int> beside(const Json& pod) {
    end_at_once_on_signals();  // there is nothing that could be undone
    const std::string name = kube::parse_pod(pod).name;
    const exec::DebugContainer container{.name = exec::random_name("debugger"),
                                         .image = spec_.image,
                                         .target = spec_.container,
                                         .command = spec_.command,
                                         .input = spec_.input,
                                         .terminal = has_terminal_};
    if (const auto added = add(pod, name, container); !added) return fail(added.error());
    terminal_.note("container " + container.name + " in pod " + name +
                   "; it stays listed there until the pod goes");
    const auto progress = wait_for(name, container.name);
    if (!progress) return fail(progress.error());
    return spec_.input && progress->running ? attach(name, container) : show(name, container.name);
  }

  Status add(const Json& pod, const std::string& name, const exec::DebugContainer& container) {
    auto added = patch(name, exec::ephemeral_patch(container, nullptr));
    const bool too_free = !added && added.error().code == ErrorCode::kForbidden &&
                          added.error().why.find("PodSecurity") != std::string::npos;
    if (!too_free) return added;
    terminal_.note("the namespace allows it no more than the application's own rights");
    return patch(
        name, exec::ephemeral_patch(container, exec::security_context_of(pod, container.target)));
  }

  Status patch(const std::string& name, const Json& patch) {
    const auto patched = api().patch(kube::kPods, cluster_.ns, name, kEphemeralContainers,
                                     kube::PatchType::kStrategic, patch, cancel_);
    if (!patched) return fail(patched.error());
    return {};
  }

  Result<int> attach(const std::string& pod, const exec::DebugContainer& container) {
    if (has_terminal_) terminal_.note("if there is no prompt, press Enter");
    bool began = false;
    const auto attached = run_here(cluster_,
                                   {.ns = cluster_.ns,
                                    .pod = pod,
                                    .container = container.name,
                                    .command = {},
                                    .input = true,
                                    .terminal = has_terminal_},
                                   terminal_, nullptr, [&] { began = true; });
    if (attached && *attached != 0) return *attached;  // nobody reads what it says
    if (!attached && began) return fail(attached.error());
    const auto exit_code = exit_code_of(pod, container.name);
    if (!exit_code) return fail(exit_code.error());
    if (!*exit_code) return fail(attached ? still_runs(pod, container.name) : attached.error());
    // Where it was too quick for us, all that it said is in its log.
    return attached ? **exit_code : show(pod, container.name);
  }

  // Nobody speaks to it: all that it says is in its log, from the beginning on. API servers end the
  // reading of a log now and then, also while it grows.
  Result<int> show(const std::string& pod, const std::string& container) {
    logs::LoggedContainer from;
    from.pod = pod;
    from.name = container;
    logs::Seam seam;
    for (int failures = 0;;) {
      seam.reopen();
      const auto read = logs::read_log(
          api(), cluster_.ns, from, {.follow = true, .since_time = seam.since()}, seam,
          [&](const logs::LogLine& line) { return print(line); }, cancel_);
      if (!terminal_.out_is_fine()) return kNobodyReads;
      failures = read ? 0 : failures + 1;
      if (!read && (!is_unanswered(read.error().code) || failures > kMostFailures)) {
        return fail(read.error());
      }
      const auto exit_code = exit_code_of(pod, container);
      if (!exit_code) return fail(exit_code.error());
      if (*exit_code && read) return **exit_code;
    }
  }

  bool print(const logs::LogLine& line) {
    terminal_.print(std::string(line.text) + "\n");
    if (line.cut) terminal_.warn(problem::kLineCut, "the line above was longer");
    return terminal_.out_is_fine();
  }

  // The API tells it in the pod's status alone. Nothing: it still runs.
  Result<std::optional<int>> exit_code_of(const std::string& pod, const std::string& container) {
    constexpr int kLooks = 50;  // 10 s: the kubelet writes a status a moment after the end
    for (int i = 0; i < kLooks; ++i) {
      const auto object = api().get(kube::kPods, cluster_.ns, pod, cancel_);
      if (!object) return fail(object.error());
      const auto progress = exec::progress_of(*object, container);
      if (progress.exit_code) return progress.exit_code;
      if (progress.hopeless) return fail(problem::kDebugFails, what_, progress.why);
      if (!cancel_.sleep_for(std::chrono::milliseconds(200))) break;
    }
    return std::nullopt;
  }

  Error still_runs(const std::string& pod, const std::string& container) const {
    return {problem::kStillRuns, what_, "container " + container + " still runs",
            "'" + program_ + " exec pod/" + pod + " -c " + container + " -it -- sh' gets into it"};
  }

  // --- a copy of the pod ----------------------------------------------------------------------

  Result<int> in_copy(const Json& pod) {
    const CancelledBySignals signals(cancel_);
    const std::string name = exec::random_name(kube::parse_pod(pod).name + "-debug");
    const auto made =
        api().create(kube::kPods, cluster_.ns,
                     exec::copy_for_debugging(pod, name, spec_.container, spec_.image), cancel_);
    if (!made) {
      if (is_unanswered(made.error().code)) remove(name, {});
      return fail(made.error());
    }
    terminal_.note("pod " + name + " is the copy; it is deleted at the end");
    auto outcome = inside_copy(*made, name);
    remove(name, kube::text_field(kube::field(*made, "metadata"), "uid"));
    return outcome;
  }

  Result<int> inside_copy(const Json& copy, const std::string& name) {
    const std::string container =
        spec_.container.empty() ? exec::containers_of(copy).front().name : spec_.container;
    auto progress = wait_for(name, container);
    if (progress && !progress->running) {
      progress = fail(problem::kDebugFails, what_, "in the copy, 'sleep' has ended at once");
    }
    if (!progress) {
      Error error = progress.error();
      if (error.code == ErrorCode::kUnavailable) {
        error.fix = "--image gives it another image; it needs one with 'sleep' and a shell";
      }
      return fail(std::move(error));
    }
    return run_here(
        cluster_,
        {.ns = cluster_.ns,
         .pod = name,
         .container = container,
         .command = spec_.command.empty() ? std::vector<std::string>{"sh"} : spec_.command,
         .input = spec_.input,
         .terminal = has_terminal_},
        terminal_, &cancel_);
  }

  // `uid`: empty where it isn't known, nor whether there is such a copy.
  void remove(const std::string& name, const std::string& uid) {
    const kube::CancelToken never;
    const auto removed = api().remove(kube::kPods, cluster_.ns, name, {.uid = uid}, never);
    if (removed || removed.error().code == ErrorCode::kNotFound) return;
    terminal_.warn(problem::kCopyStays,
                   (uid.empty() ? "the copy may be there: " : "the copy is still there: ") +
                       removed.error().summary() + "; to delete it: kubectl delete pod " + name +
                       " -n " + cluster_.ns);
  }

  const Cluster& cluster_;
  const DebugSpec& spec_;
  Terminal& terminal_;
  const std::string program_;
  const std::string what_;
  const bool has_terminal_;
  kube::CancelToken cancel_;
};

}  // namespace

Result<DebugSpec> debug_spec(const Invocation& invocation) {
  const auto& args = invocation.debug;
  const auto target = parse_kube_target(args.target);
  if (!target) return fail(target.error());
  return DebugSpec{*target,    args.image,    args.container, args.command,
                   args.input, args.terminal, args.fork};
}

Result<int> debug(const Cluster& cluster, const DebugSpec& spec, Terminal& terminal,
                  const std::string& program) {
  return Debugger(cluster, spec, terminal, program).run();
}

}  // namespace ferry::cli
