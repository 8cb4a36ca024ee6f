#include "daemon/swap/swap_link.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "daemon/problems.h"

namespace ferry::daemon {

using control::EventKind;
using control::LinkState;

namespace {

constexpr std::chrono::seconds kConnectLimit = std::chrono::minutes(2);
constexpr Duration kPodPatience = std::chrono::seconds(5);  // for a pod to come up

// An error or a warning on one line, its way out and its id included.
std::string in_words(const Error& error) {
  return error.summary() + (error.fix.empty() ? "" : " (" + error.fix + ")") + " [" + error.id +
         "]";
}

}  // namespace

SwapLink::SwapLink(const LinkHouse& house, std::string id, std::string swap_id,
                   control::SwapSpec spec, SwapLinkEvents& events)
    : house_(house),
      id_(std::move(id)),
      spec_(std::move(spec)),
      events_(events),
      since_(control::unix_millis_now()),
      created_(since_),
      limit_(house.loop, [this] { out_of_time(); }),
      waiting_cause_(house.loop, house.workers, kPodPatience,
                     [this](const std::string& line) { tell(EventKind::kNotice, line); }),
      steps_(house.workers) {
  status_.swap_id = std::move(swap_id);
  if (spec_.orphan_timeout_seconds != 0) {
    status_.orphan_timeout_seconds = spec_.orphan_timeout_seconds;
  }
}

SwapLink::~SwapLink() { steps_.stop(); }

template <typename Work, typename Then>
void SwapLink::step(Work work, Then then) {
  const std::chrono::seconds timeout(spec_.step_timeout_seconds);
  steps_.run([this, timeout, &pace = house_.pace, work = std::move(work),
              then = std::move(then)](const TaskContext& task) {
    const auto progress = [this, &task](const std::string& line) {
      task.post([this, line] { tell(EventKind::kProgress, line); });
    };
    const auto trouble = [this, &task](const Error& error) {
      task.post([this, error] { in_trouble(error); });
    };
    auto result = work(StepContext{task.cancel(), pace, progress, timeout, trouble});
    task.post([then, result = std::move(result)] { then(result); });
  });
}

void SwapLink::in_trouble(const Error& error) {
  last_error_ = error;
  const std::string words = "trying again soon: " + in_words(error);
  spdlog::warn("link {}: {}", id_, words);
  set_state(state_, words);
  tell(EventKind::kProgress, words);
}

// --- the way in ----------------------------------------------------------------------------------

void SwapLink::start(bool again) {
  touched_ = again;
  taken_up_again_ = again;
  step(
      [&backend = house_.backend, spec = spec_, swap_id = swap_id(),
       again](const StepContext& context) {
        return again ? read_plan_for_sure(backend, spec, swap_id, context)
                     : read_plan(backend, spec, swap_id, context);
      },
      [this](const Result<ReadPlan>& read) {
        if (read) {
          planned(*read);
        } else {
          undo(read.error());
        }
      });
}

void SwapLink::planned(const ReadPlan& read) {
  cluster_ = std::make_shared<Cluster>(read.cluster);
  calls_ = std::make_shared<UnansweredCalls>(cluster_->api);
  cluster_->api = calls_;
  auto probes = parse_probes(read.plan.container_spec);
  if (!probes) {
    undo(probes.error());
    return;
  }
  container_probes_ = std::move(*probes);
  kubernetes_version_ = read.kubernetes_version;
  take_plan(read.plan);
  // From now on the swap is in that place, whatever becomes the current context.
  settle_access(spec_.kube, *cluster_);
  touched_ = true;
  events_.on_swap_begins(*this);
  for (const auto& warning : plan_->warnings) tell(EventKind::kNotice, in_words(warning));
  set_phase(Phase::kStarting);
  step(
      [&backend = house_.backend, cluster = cluster_, plan = plan_](const StepContext& context) {
        return start_stand_in(backend, *cluster, *plan, context);
      },
      [this](const Result<Started>& result) {
        if (result) {
          started(*result);
        } else {
          undo(result.error());
        }
      });
}

void SwapLink::take_plan(const swap::SwapPlan& plan) {
  plan_ = std::make_shared<const swap::SwapPlan>(plan);
  status_.container = plan.container;
  status_.stand_in = plan.record.stand_in;
  status_.orphan_restore = plan.orphan_restore;
  status_.original_replicas = plan.record.replicas;
  status_.ports.clear();
  for (const auto& port : plan.exposed) {
    status_.ports.push_back({.local = port.local, .remote = port.remote});
  }
}

void SwapLink::started(const Started& started) {
  take_plan(started.plan);
  for (const auto& warning : started.warnings) tell(EventKind::kNotice, in_words(warning));
  status_.pod = started.pod.name;
  observer_ = std::make_shared<swap::SwapObserver>(*plan_);
  static_cast<void>(observer_->look_at_pod(started.pod.name, started.pod.uid));
  set_phase(Phase::kConnecting);
  limit(spec_.step_timeout_seconds == 0 ? kConnectLimit
                                        : std::chrono::seconds(spec_.step_timeout_seconds));
  LocalSideEvents& events = *this;
  local_side_ = std::make_unique<LocalSide>(
      house_, spec_,
      LocalSideOptions{
          .place = {.cluster = *cluster_, .swap_id = swap_id(), .identity = started.identity},
          .ports = plan_->exposed,
          .ways = service_ways(*plan_),
          .probes = container_probes_,
          .kubernetes_version = kubernetes_version_},
      events);
  local_side_->start();
  watch(false);
  assess();
}

void SwapLink::limit(std::chrono::seconds time) {
  limit_.stop();
  if (time.count() != 0 && !taken_up_again_) limit_.start(time);
}

void SwapLink::out_of_time() {
  const bool connecting = status_.phase == Phase::kConnecting;
  undo(Error{problem::kSwapLate,
             connecting ? "connecting to pod/" + status_.pod
                        : "waiting for the local process for " + to_string(spec_.workload),
             reason_.empty() ? "it isn't ready" : reason_,
             connecting ? "`ferry logs` tells more" : "start it, then swap again"});
}

void SwapLink::take_over() {
  limit_.stop();
  set_phase(Phase::kTakingOver);
  step([api = cluster_->api, plan = plan_](
           const StepContext& context) { return daemon::take_over(*api, *plan, context); },
       [this](const Result<swap::TakenOver>& result) {
         if (result) {
           taken_over(*result);
         } else {
           undo(result.error());
         }
       });
}

void SwapLink::taken_over(const swap::TakenOver& taken) {
  status_.original_replicas = taken.replicas;
  for (const auto& warning : taken.warnings) tell(EventKind::kNotice, in_words(warning));
  spdlog::info("link {}: {} is swapped", id_, to_string(spec_.workload));
  set_phase(Phase::kSwapped);
  assess();
  watch(true);
}

// Until the next step.
void SwapLink::watch(bool taken_over) {
  steps_.run([this, taken_over, &pace = house_.pace, api = cluster_->api, plan = plan_,
              observer = observer_](const TaskContext& task) {
    const auto on_change = [this, &task](const swap::Change& change) {
      task.post([this, change] { changed_by_others(change); });
    };
    watch_swap(*api, *plan, taken_over, *observer, on_change,
               {.cancel = task.cancel(), .pace = pace, .progress = {}});
  });
}

void SwapLink::changed_by_others(const swap::Change& change) {
  if (change.kind == swap::ChangeKind::kTakenOver) {
    undo(Error{problem::kSwapTakenOver, change.message, "",
               "ask them, or take it back with --force"});
    return;
  }
  tell(EventKind::kNotice, change.message);
  if (change.kind == swap::ChangeKind::kPodMoved) {
    status_.pod = change.pod;
    events_.on_swap_changed(*this);
  }
  if (change.kind == swap::ChangeKind::kStandInDeleted) {
    undo(Error{problem::kSwapGone, "holding the swap of " + to_string(spec_.workload),
               change.message, "swap it again when you need it"});
  }
}

// --- the way out ---------------------------------------------------------------------------------

void SwapLink::clean_up() {
  touched_ = true;
  undo({});
}

void SwapLink::end() {
  if (status_.phase < Phase::kRestoring) undo({});
}

void SwapLink::undo(std::optional<Error> cause) {
  limit_.stop();
  cause_ = std::move(cause);
  if (!touched_) {
    over(cause_);
    return;
  }
  set_phase(Phase::kRestoring);
  const swap::RestoreRequest request{.id = swap_id(), .owner = local_owner()};
  step(
      [&backend = house_.backend, spec = spec_, request,
       calls = calls_](const StepContext& context) {
        auto wanted = request;
        const Duration doubt = calls ? calls->doubt() : Duration::zero();
        if (doubt > Duration::zero()) wanted.late_until = context.pace.now() + doubt;
        return restore_for_sure(backend, spec.kube, spec.workload, std::move(wanted), context);
      },
      [this](const Result<swap::RestoreReport>& report) { put_back(report); });
}

void SwapLink::put_back(const Result<swap::RestoreReport>& report) {
  if (!report) {
    Error error = report.error();
    error.fix += (error.fix.empty() ? "" : "; then ") + std::string("`ferry restore ") +
                 to_string(spec_.workload) + "` puts it back";
    if (cause_) tell(EventKind::kNotice, in_words(*cause_));
    over(error);
    return;
  }
  for (const auto& note : report->notes) tell(EventKind::kNotice, note);
  touched_ = false;
  if (cluster_) house_.backend.forget_swap_identity(*cluster_, swap_id());
  over(cause_);
}

void SwapLink::over(const std::optional<Error>& error) {
  steps_.stop();
  local_side_.reset();
  if (error) last_error_ = error;
  spdlog::info("link {}: {}", id_, error ? error->summary() : "restored");
  set_phase(Phase::kOver);
  events_.on_swap_over(*this, error);
}

// --- what happens meanwhile ----------------------------------------------------------------------

void SwapLink::assess() {
  if (!local_side_ || status_.phase >= Phase::kRestoring) return;
  const bool connected = local_side_->connected();
  const bool ready = local_side_->ready();
  status_.ready = ready;
  if (status_.phase == Phase::kConnecting && connected) {
    set_phase(Phase::kWaiting);
    // People take their time to start a process, unless they say otherwise.
    limit(std::chrono::seconds(spec_.step_timeout_seconds));
  }
  if (status_.phase == Phase::kWaiting && ready) {
    set_state(LinkState::kStarting, {});
    take_over();
    return;
  }
  if (status_.phase == Phase::kSwapped) {
    assess_swapped();
  } else {
    set_state(LinkState::kStarting, local_side_->obstacle());
  }
}

// The state stays as it is until the test has shown something.
void SwapLink::assess_swapped() {
  auto& check = local_side_->check();
  if (!local_side_->ready()) {
    check.stop(local_side_->obstacle());
    set_state(LinkState::kWaiting, local_side_->obstacle());
    return;
  }
  check.watch();
  if (check.trouble()) {
    last_error_ = check.trouble();
    set_state(LinkState::kWaiting, check.trouble()->summary());
  } else if (check.settled()) {
    set_state(LinkState::kActive, {});
  }
}

void SwapLink::set_phase(Phase phase) {
  if (phase == status_.phase) return;
  status_.phase = phase;
  if (phase == Phase::kStarting) {
    waiting_cause_.waits(*cluster_, {control::TargetKind::kDeployment, status_.stand_in});
  } else {
    waiting_cause_.goes_on();
  }
  if (phase >= Phase::kRestoring) {
    status_.ready = false;
    if (local_side_) local_side_->check().stop("it is being restored");
    set_state(phase == Phase::kOver && last_error_ ? LinkState::kFailed : LinkState::kEnding, "");
  }
  events_.on_swap_changed(*this);
}

void SwapLink::set_state(LinkState state, const std::string& reason) {
  if (state == state_ && reason == reason_) return;
  if (state != state_) since_ = control::unix_millis_now();
  state_ = state;
  reason_ = reason;
  events_.on_swap_changed(*this);
}

void SwapLink::tell(EventKind kind, const std::string& message) {
  events_.on_swap_message(*this, kind, message);
}

// --- what is -------------------------------------------------------------------------------------

void SwapLink::test_now() {
  if (!local_side_) return;
  auto& check = local_side_->check();
  if (check.watching()) return check.test_now();
  check.not_tested(local_side_->obstacle());
}

void SwapLink::sample_rate() {
  if (local_side_) local_side_->sample_rate();
}

Result<std::string> SwapLink::environment() const {
  if (!local_side_ || local_side_->environment().empty()) {
    return fail(problem::kStandInNotConnected,
                "reading the environment of " + to_string(spec_.workload),
                "the stand-in isn't connected yet", "wait for the link's event 'files'");
  }
  return local_side_->environment();
}

control::LinkStatus SwapLink::status() const {
  control::LinkStatus status{.id = id_, .target = spec_.workload, .route = control::Route::kProxy};
  status.context = cluster_ ? cluster_->context : spec_.kube.context;
  status.kube_namespace = cluster_ ? cluster_->ns : spec_.kube.kube_namespace;
  status.detached = spec_.detach;
  status.state = state_;
  status.reason = reason_;
  status.since = since_;
  status.created = created_;
  status.last_error = last_error_;
  status.swap = status_;
  if (local_side_) {
    status.tunnel = local_side_->tunnel_id();
    status.traffic = local_side_->traffic();
    status.test = local_side_->check().last_test();
    status.swap->ports = local_side_->ports();
    status.swap->probes = local_side_->probes();
  }
  return status;
}

}  // namespace ferry::daemon
