// One probe over time: when it is tried, and what its outcomes make of its state.
//
// No clock and no I/O: time is an argument. The semantics are the kubelet's, as told under
// https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#configure-probes
// and https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-probes
#pragma once

#include <cstdint>
#include <string>

#include "daemon/probe/probe.h"

namespace ferry::daemon {

enum class ProbeVerdict : std::uint8_t {
  kSuccess,
  kWarning,  // a success, and something to be told
  kFailure,
  kUnknown,  // the diagnosis itself could not be made: it changes nothing
};

struct ProbeOutcome {
  ProbeVerdict verdict = ProbeVerdict::kUnknown;
  std::string output;  // in the kubelet's words; empty on success
};

class Prober {
 public:
  enum class State : std::uint8_t { kUnknown, kSuccess, kFailure };

  // Stands at its initial state, and has nothing to do before restart().
  Prober(ProbeKind kind, const ProbeTiming& timing) : kind_(kind), timing_(timing) { reset(); }

  // What is assumed until a threshold is reached, with nothing counted and no attempt due.
  void reset();
  // A container started at that time, which may be long ago: from its initial state, and the first
  // attempt is due after the initial delay.
  void restart(TimePoint started);
  // As if a new one started now, but the next attempt is at least a period away: for a failed probe
  // whose container may live on.
  void start_over(TimePoint now);
  // One attempt at once, outside of the period, unless the initial delay has not passed.
  void hurry(TimePoint now);

  // When the next attempt is due; TimePoint::max() while one is under way or none is wanted.
  TimePoint due() const;
  void begin(TimePoint now);
  // The outcome of the attempt that began last. True if the state is another one now.
  bool finish(ProbeVerdict verdict);

  State state() const { return state_; }

 private:
  static constexpr TimePoint kNever = TimePoint::max();

  ProbeKind kind_;
  ProbeTiming timing_;
  State state_ = State::kUnknown;
  State last_ = State::kUnknown;  // of the last attempt that counted
  int run_ = 0;                   // how often in a row it was that
  bool trying_ = false;
  TimePoint first_ = kNever;    // end of the initial delay
  TimePoint due_ = kNever;      // on the grid of first_ and the period
  TimePoint hurried_ = kNever;  // beside the grid
};

}  // namespace ferry::daemon
