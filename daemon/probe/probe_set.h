// The probes of a swapped container, run against the process that stands in for it.
//
// The container starts and ends with the local process, and that with the port that is answered
// here, unless somebody looks after the process (`restarts`). Each start has every probe begin
// anew, with the initial delays counted from when the process really started. Lives on the loop's
// thread; the checks themselves run on workers.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "daemon/control/api.h"
#include "daemon/probe/container_health.h"
#include "daemon/probe/probe_runner.h"
#include "daemon/workers.h"
#include "net/timer.h"

namespace ferry::daemon {

struct ProbeSetOptions {
  ContainerProbes probes;          // of parse_probes()
  ProbeSurroundings surroundings;  // its `ports` are those that are answered here
  // kHold: failures don't count while a debugger holds the process that listens on one of `ports`,
  // so the last state stays; successes do, or what is started in a debugger would never be ready.
  control::ProbeMode mode = control::ProbeMode::kFollow;
  // Somebody starts the process anew on on_liveness_failed(). Then closing the port doesn't end it:
  // once it has listened it is judged on, as a container's process that has stopped listening is.
  bool restarts = false;
  // A process that is started anew is judged from when its port opens; one whose port is still open
  // after so long, from then on.
  Duration restarting = std::chrono::seconds(2);
};

// On the loop's thread. Any call but the destructor of the ProbeSet is allowed from within.
class ProbeEvents {
 public:
  virtual ~ProbeEvents() = default;
  // What the stand-in is to tell the kubelet, and why, in half a sentence. False at first.
  virtual void on_ready_changed(bool ready, const std::string& why) = 0;
  // An event as the kubelet writes it ("Readiness probe failed: ..."). One that says what the same
  // probe's last one said is not repeated until the probe has succeeded in between.
  virtual void on_probe_event(const std::string& line) = 0;
  // The kubelet would restart the container now ("Container web failed liveness probe, will be
  // restarted"). The probe begins anew: if nobody restarts the process, it may come again. Where
  // somebody does, all probes do, when the next process is there.
  virtual void on_liveness_failed(const std::string& why) = 0;
};

class ProbeSet {
 public:
  // `events`, `workers` and the loop outlive it.
  ProbeSet(net::Loop& loop, Workers& workers, ProbeSetOptions options, ProbeEvents& events);
  ~ProbeSet() = default;
  ProbeSet(const ProbeSet&) = delete;
  ProbeSet& operator=(const ProbeSet&) = delete;

  // Nothing is called before start(), and nothing after stop(), which forgets all it was told.
  void start();
  void stop();

  // Whether the local port accepts connections. Closed at first. While it is closed nothing is
  // ready, unless the mode is kReady.
  void set_port_open(bool open);

  bool ready() const { return ready_; }
  // Why it is ready, or isn't, in half a sentence.
  std::string why() const;
  // Those that the container has; none where the mode runs none.
  std::vector<control::ProbeStatus> statuses() const;

 private:
  struct Slot {
    std::unique_ptr<Task> attempt;
    control::ProbeStatus status;
    std::string last_line;  // the last event; empty since the last success
  };

  Slot& slot(ProbeKind kind) { return slots_[static_cast<std::size_t>(kind)]; }
  const Slot& slot(ProbeKind kind) const { return slots_[static_cast<std::size_t>(kind)]; }
  void clear_slots(const std::string& message);
  void find_process();
  void begin_process(TimePoint started);
  void end_process();
  void wait_for_restart();
  void attempt(ProbeKind kind);
  void on_outcome(ProbeKind kind, ProbeOutcome outcome, const std::string& held);
  void note(ProbeKind kind, const ProbeOutcome& outcome);
  void tell(ProbeKind kind, const ProbeOutcome& outcome, const std::string& held);
  void update();

  net::Loop& loop_;
  Workers& workers_;
  const ProbeSetOptions options_;
  ProbeEvents& events_;
  ContainerHealth health_;
  net::Timer timer_;
  net::Timer restarting_;
  std::unique_ptr<Task> inspection_;
  std::array<Slot, 3> slots_;
  bool active_ = false;
  bool port_open_ = false;
  bool ready_ = false;
};

}  // namespace ferry::daemon
