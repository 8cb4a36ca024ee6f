// What the probes of one container say together of the process that stands in for it.
//
// No clock and no I/O: time is an argument, whoever owns it makes the attempts that are due. The
// container is the local process: it starts when its command does or when its port begins to
// accept, and ends when that does.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "daemon/probe/prober.h"

namespace ferry::daemon {

class ContainerHealth {
 public:
  // No process, port closed.
  explicit ContainerHealth(const ContainerProbes& probes);

  // A process that runs since then (another one than before): every probe from its initial state.
  void process_started(TimePoint started);
  // Nothing is tried until the next one starts.
  void process_ended();
  // While it is closed, the container isn't ready, whatever the probes say. When it opens,
  // readiness is tried at once.
  void set_port_open(bool open, TimePoint now);

  // The probes to be tried now. A startup probe that hasn't succeeded yet keeps the others back;
  // one that has is not tried again.
  std::vector<ProbeKind> due(TimePoint now) const;
  // When due() will have something; empty: not before something else happens.
  std::optional<TimePoint> next_due() const;
  void begin(ProbeKind kind, TimePoint now);
  // The outcome of the attempt begun last. True if the kubelet would restart the container now. The
  // probe that says so begins anew, with its initial delay, since nobody may restart the process.
  bool finish(ProbeKind kind, ProbeVerdict verdict, TimePoint now);

  bool started() const;
  bool ready() const;
  // Why it is ready, or isn't, in half a sentence.
  std::string why() const;

 private:
  Prober* find(ProbeKind kind);
  const Prober* find(ProbeKind kind) const;
  bool succeeded(ProbeKind kind) const;  // also without such a probe
  TimePoint due_of(ProbeKind kind) const;

  std::array<std::optional<Prober>, 3> probers_;
  bool port_open_ = false;
};

}  // namespace ferry::daemon
