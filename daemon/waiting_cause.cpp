#include "daemon/waiting_cause.h"

#include <utility>
#include <vector>

#include "daemon/diagnosis.h"

namespace ferry::daemon {
namespace {

// Waiting says already that it waits: of the rest, the first cause is the likeliest.
std::vector<std::string> lines_of(const diagnose::Report& report) {
  if (report.findings.empty()) return {};
  const auto& finding = report.findings.front();
  if (finding.code == diagnose::Code::kNotReady) return {};
  std::vector<std::string> lines = {finding.object + ": " + finding.cause + " (" +
                                    std::string(name_of(finding.code)) + ")"};
  for (const auto& line : finding.evidence) lines.push_back("  " + line);
  if (!finding.fix.empty()) lines.push_back("  try: " + finding.fix);
  return lines;
}

}  // namespace

WaitingCause::WaitingCause(net::Loop& loop, Workers& workers, Duration patience, Tell tell)
    : workers_(workers),
      patience_(patience),
      tell_(std::move(tell)),
      timer_(loop, [this] { look(); }) {}

void WaitingCause::waits(const Cluster& cluster, const control::Target& target) {
  if (waits_ || !cluster.api || target.kind == control::TargetKind::kHost) return;
  waits_ = true;
  cluster_ = cluster;
  target_ = target;
  timer_.start(patience_);
}

void WaitingCause::goes_on() {
  waits_ = false;
  timer_.stop();
  task_.reset();
}

void WaitingCause::look() {
  task_ = workers_.start(
      [this, api = cluster_.api, ns = cluster_.ns, target = target_](const TaskContext& task) {
        const auto report = diagnose::diagnose(*api, kube_target(target), ns, task.cancel());
        if (!report) return;  // what it waits for is said elsewhere
        task.post([this, lines = lines_of(*report)] {
          for (const auto& line : lines) tell_(line);
        });
      });
}

}  // namespace ferry::daemon
