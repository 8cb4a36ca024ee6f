#include "daemon/probe/probe_set.h"

#include <algorithm>
#include <utility>

#include "daemon/probe/listener_process.h"
#include "kube/text.h"

namespace ferry::daemon {
namespace {

using control::ProbeMode;

ProbeSetOptions without_unused(ProbeSetOptions options) {
  if (options.mode == ProbeMode::kReady || options.mode == ProbeMode::kNone) {
    options.probes = {.container = options.probes.container};
  }
  return options;
}

std::string find_held(const ProbeSurroundings& surroundings) {
  for (const auto& [remote, local] : surroundings.ports) {
    std::string held = inspect_listener(local).held;
    if (!held.empty()) return held;
  }
  return {};
}

Duration find_age(const ProbeSurroundings& surroundings) {
  Duration age{};
  for (const auto& [remote, local] : surroundings.ports) {
    age = std::max(age, inspect_listener(local).age.value_or(Duration::zero()));
  }
  return age;
}

bool succeeded(ProbeVerdict verdict) {
  return verdict == ProbeVerdict::kSuccess || verdict == ProbeVerdict::kWarning;
}

std::string event_of(ProbeKind kind, const ProbeOutcome& outcome) {
  const std::string probe = std::string(name_of(kind)) + " probe ";
  switch (outcome.verdict) {
    case ProbeVerdict::kFailure: return probe + "failed: " + outcome.output;
    case ProbeVerdict::kWarning: return probe + "warning: " + outcome.output;
    case ProbeVerdict::kUnknown:
      return probe + "errored and resulted in unknown state: " + outcome.output;
    case ProbeVerdict::kSuccess: break;
  }
  return {};
}

}  // namespace

ProbeSet::ProbeSet(net::Loop& loop, Workers& workers, ProbeSetOptions options, ProbeEvents& events)
    : loop_(loop),
      workers_(workers),
      options_(without_unused(std::move(options))),
      events_(events),
      health_(options_.probes),
      timer_(loop, [this] { update(); }),
      restarting_(loop, [this] {
        if (port_open_) find_process();
      }) {
  clear_slots("no local process");
}

void ProbeSet::start() {
  active_ = true;
  update();
}

void ProbeSet::stop() {
  active_ = port_open_ = ready_ = false;
  health_.set_port_open(false, loop_.now());
  end_process();
  timer_.stop();
  restarting_.stop();
}

void ProbeSet::set_port_open(bool open) {
  if (open == port_open_ || !active_) return;
  port_open_ = open;
  health_.set_port_open(open, loop_.now());
  if (open) {
    restarting_.stop();
    find_process();
  } else if (!options_.restarts) {
    end_process();
  }
  update();
}

void ProbeSet::clear_slots(const std::string& message) {
  for (const ProbeKind kind : kProbeKinds) {
    slot(kind) = Slot{.status = {.probe = kube::to_lower(name_of(kind)),
                                 .message = message,
                                 .since = control::unix_millis_now()}};
  }
}

// When it started can be read only where there is time to.
void ProbeSet::find_process() {
  inspection_ =
      workers_.start([this, surroundings = options_.surroundings](const TaskContext& context) {
        const Duration age = find_age(surroundings);
        context.post([this, age] {
          begin_process(loop_.now() - age);
          update();
        });
      });
}

void ProbeSet::begin_process(TimePoint started) {
  inspection_.reset();
  clear_slots("not tried yet");
  health_.process_started(started);
}

void ProbeSet::end_process() {
  inspection_.reset();
  clear_slots("no local process");
  health_.process_ended();
}

// The one that has failed ends, and the next takes its time to listen: neither is to be judged.
void ProbeSet::wait_for_restart() {
  end_process();
  restarting_.start(options_.restarting);
}

void ProbeSet::attempt(ProbeKind kind) {
  health_.begin(kind, loop_.now());
  const bool hold = options_.mode == ProbeMode::kHold;
  slot(kind).attempt =
      workers_.start([this, kind, hold, probe = *options_.probes.of(kind),
                      surroundings = options_.surroundings](const TaskContext& context) {
        auto outcome = run_probe(probe, surroundings, context.cancel());
        const bool failed = outcome.verdict == ProbeVerdict::kFailure;
        auto held = hold && failed ? find_held(surroundings) : std::string();
        context.post([this, kind, outcome = std::move(outcome), held = std::move(held)] {
          on_outcome(kind, outcome, held);
        });
      });
}

void ProbeSet::on_outcome(ProbeKind kind, ProbeOutcome outcome, const std::string& held) {
  slot(kind).attempt.reset();
  note(kind, outcome);
  const bool counts = held.empty();
  const bool restart =
      health_.finish(kind, counts ? outcome.verdict : ProbeVerdict::kUnknown, loop_.now());
  tell(kind, outcome, held);
  if (restart && options_.restarts) wait_for_restart();
  update();
  if (!restart || !active_) return;
  events_.on_liveness_failed("Container " + options_.probes.container + " failed " +
                             slot(kind).status.probe + " probe, will be restarted");
}

void ProbeSet::note(ProbeKind kind, const ProbeOutcome& outcome) {
  control::ProbeStatus& status = slot(kind).status;
  status.message = outcome.output;
  const bool ok = succeeded(outcome.verdict);
  if (ok == status.ok || outcome.verdict == ProbeVerdict::kUnknown) return;
  status.ok = ok;
  status.since = control::unix_millis_now();
}

void ProbeSet::tell(ProbeKind kind, const ProbeOutcome& outcome, const std::string& held) {
  std::string line = event_of(kind, outcome);
  if (!held.empty()) line += " (not counted: a debugger holds " + held + ")";
  std::string& last = slot(kind).last_line;
  if (line == last) return;
  last = line;
  if (!line.empty()) events_.on_probe_event(line);
}

void ProbeSet::update() {
  if (!active_) return;
  const TimePoint now = loop_.now();
  for (const ProbeKind kind : health_.due(now)) attempt(kind);
  if (const auto next = health_.next_due()) {
    timer_.start(std::max(Duration::zero(), *next - now));
  } else {
    timer_.stop();
  }
  const bool ready = options_.mode == ProbeMode::kReady || health_.ready();
  if (ready == ready_) return;
  ready_ = ready;
  events_.on_ready_changed(ready, why());
}

std::string ProbeSet::why() const {
  if (options_.mode == ProbeMode::kReady) return "the probes are set aside";
  const ProbeKind decides = health_.started() ? ProbeKind::kReadiness : ProbeKind::kStartup;
  const std::string& line = slot(decides).last_line;
  return port_open_ && !ready_ && !line.empty() ? line : health_.why();
}

std::vector<control::ProbeStatus> ProbeSet::statuses() const {
  std::vector<control::ProbeStatus> statuses;
  for (const ProbeKind kind : kProbeKinds) {
    if (options_.probes.of(kind)) statuses.push_back(slot(kind).status);
  }
  return statuses;
}

}  // namespace ferry::daemon
