#include "daemon/probe/container_health.h"

#include <algorithm>

namespace ferry::daemon {
namespace {

std::size_t index_of(ProbeKind kind) { return static_cast<std::size_t>(kind); }

}  // namespace

ContainerHealth::ContainerHealth(const ContainerProbes& probes) {
  for (const ProbeKind kind : kProbeKinds) {
    if (const auto& probe = probes.of(kind)) probers_[index_of(kind)].emplace(kind, probe->timing);
  }
}

Prober* ContainerHealth::find(ProbeKind kind) {
  auto& prober = probers_[index_of(kind)];
  return prober ? &*prober : nullptr;
}

const Prober* ContainerHealth::find(ProbeKind kind) const {
  const auto& prober = probers_[index_of(kind)];
  return prober ? &*prober : nullptr;
}

void ContainerHealth::process_started(TimePoint started) {
  for (auto& prober : probers_) {
    if (prober) prober->restart(started);
  }
}

void ContainerHealth::process_ended() {
  for (auto& prober : probers_) {
    if (prober) prober->reset();
  }
}

void ContainerHealth::set_port_open(bool open, TimePoint now) {
  if (open && !port_open_) {
    if (Prober* readiness = find(ProbeKind::kReadiness)) readiness->hurry(now);
  }
  port_open_ = open;
}

TimePoint ContainerHealth::due_of(ProbeKind kind) const {
  const Prober* prober = find(kind);
  const bool wanted = (kind == ProbeKind::kStartup) != started();
  return prober != nullptr && wanted ? prober->due() : TimePoint::max();
}

std::vector<ProbeKind> ContainerHealth::due(TimePoint now) const {
  std::vector<ProbeKind> kinds;
  for (const ProbeKind kind : kProbeKinds) {
    if (due_of(kind) <= now) kinds.push_back(kind);
  }
  return kinds;
}

std::optional<TimePoint> ContainerHealth::next_due() const {
  TimePoint first = TimePoint::max();
  for (const ProbeKind kind : kProbeKinds) first = std::min(first, due_of(kind));
  if (first == TimePoint::max()) return {};
  return first;
}

void ContainerHealth::begin(ProbeKind kind, TimePoint now) {
  if (Prober* prober = find(kind)) prober->begin(now);
}

bool ContainerHealth::finish(ProbeKind kind, ProbeVerdict verdict, TimePoint now) {
  Prober* prober = find(kind);
  if (prober == nullptr || !prober->finish(verdict)) return false;
  if (kind == ProbeKind::kReadiness) return false;
  if (prober->state() == Prober::State::kFailure) {
    prober->start_over(now);
    return true;
  }
  if (kind == ProbeKind::kStartup) {
    if (Prober* readiness = find(ProbeKind::kReadiness)) readiness->hurry(now);
  }
  return false;
}

bool ContainerHealth::succeeded(ProbeKind kind) const {
  const Prober* prober = find(kind);
  return prober == nullptr || prober->state() == Prober::State::kSuccess;
}

bool ContainerHealth::started() const { return succeeded(ProbeKind::kStartup); }

bool ContainerHealth::ready() const {
  return port_open_ && started() && succeeded(ProbeKind::kReadiness);
}

std::string ContainerHealth::why() const {
  if (!port_open_) return "nothing listens on the local port";
  if (!started()) return "the startup probe has not succeeded yet";
  if (!succeeded(ProbeKind::kReadiness)) return "the readiness probe has not succeeded yet";
  if (find(ProbeKind::kReadiness) != nullptr) return "the readiness probe succeeds";
  return "the local port accepts connections";
}

}  // namespace ferry::daemon
