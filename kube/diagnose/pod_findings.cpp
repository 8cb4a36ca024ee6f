#include "kube/diagnose/pod_findings.h"

#include <string_view>

#include "kube/diagnose/container_findings.h"
#include "kube/diagnose/scheduling.h"
#include "kube/json_field.h"

namespace ferry::diagnose {
namespace {

using kube::condition;
using kube::Json;

bool is_false(const Json& condition) { return kube::text_field(condition, "status") == "False"; }

const Json& status_of(const Json& pod, std::string_view list, const std::string& container) {
  for (const Json& status : kube::array_field(kube::field(pod, "status"), list)) {
    if (kube::text_field(status, "name") == container) return status;
  }
  return kube::field(pod, "");
}

Finding finding_at(const PodFacts& facts, Code code, std::string cause) {
  return {
      .code = code, .object = name_of(facts), .cause = std::move(cause), .evidence = {}, .fix = {}};
}

// Calls visit(container, status) for each container, init containers first, as they start.
template <typename Visit>
void each_container(const Json& pod, Visit visit) {
  const Json& spec = kube::field(pod, "spec");
  for (const auto& [containers, statuses] : {std::pair{"initContainers", "initContainerStatuses"},
                                             std::pair{"containers", "containerStatuses"}}) {
    for (const Json& container : kube::array_field(spec, containers)) {
      visit(container, status_of(pod, statuses, kube::text_field(container, "name")));
    }
  }
}

bool ended_well(const Json& status) {
  const Json& terminated = kube::field(kube::field(status, "state"), "terminated");
  return terminated.is_object() && kube::int_field(terminated, "exitCode", -1, 1 << 20, -1) == 0;
}

void add_readiness_gates(const PodFacts& facts, std::vector<Finding>& findings) {
  const Json& spec = kube::field(facts.pod, "spec");
  for (const Json& gate : kube::array_field(spec, "readinessGates")) {
    const auto type = kube::text_field(gate, "conditionType");
    const Json& state = condition(facts.pod, type);
    if (kube::text_field(state, "status") == "True") continue;
    auto finding =
        finding_at(facts, Code::kReadinessGate, "a readiness gate holds it back: " + type);
    const auto words = kube::text_field(state, "message");
    finding.evidence = {words.empty() ? "nobody has set the condition " + type : words};
    finding.fix = "ask whoever sets that condition: a load balancer's or a mesh's controller";
    findings.push_back(std::move(finding));
  }
}

}  // namespace

std::vector<WantedLog> wanted_logs(const Json& pod) {
  std::vector<WantedLog> wanted;
  each_container(pod, [&](const Json& container, const Json& status) {
    const Json& state = kube::field(status, "state");
    const bool waits = kube::field(state, "waiting").is_object();
    const bool ended = kube::field(state, "terminated").is_object();
    const bool ended_before =
        kube::field(kube::field(status, "lastState"), "terminated").is_object();
    if (ended_well(status) || (!ended && !(waits && ended_before))) return;
    wanted.push_back({kube::text_field(container, "name"), !ended});
  });
  return wanted;
}

std::vector<Finding> pod_findings(const PodFacts& facts) {
  const Json& pod = facts.pod;
  const auto phase = kube::text_field(kube::field(pod, "status"), "phase");
  const auto reason = kube::text_field(kube::field(pod, "status"), "reason");
  std::vector<Finding> findings;
  if (phase == "Succeeded") {
    auto finding = finding_at(facts, Code::kCompleted, "it has done its work and ended");
    finding.fix =
        "a pod that serves has to run on: make it a Deployment's, with a program that stays";
    return {finding};
  }
  if (reason == "Evicted" || reason == "NodeLost" || reason == "Shutdown" ||
      reason == "Terminated") {
    auto finding = finding_at(facts, Code::kEvicted, "its node has put it out: " + reason);
    finding.evidence = {kube::text_field(kube::field(pod, "status"), "message")};
    finding.fix = "see what the node is short of: kubectl describe node " +
                  kube::text_field(kube::field(pod, "spec"), "nodeName");
    return {finding};
  }
  if (!kube::text_field(kube::field(pod, "metadata"), "deletionTimestamp").empty()) {
    auto finding = finding_at(facts, Code::kTerminating, "it is being deleted");
    for (const Json& holder : kube::array_field(kube::field(pod, "metadata"), "finalizers")) {
      if (holder.is_string()) {
        finding.evidence.push_back("a finalizer holds it: " + holder.get<std::string>());
      }
    }
    return {finding};
  }
  if (const Json& scheduled = condition(pod, "PodScheduled"); is_false(scheduled)) {
    return {unschedulable(pod, kube::text_field(scheduled, "message"))};
  }
  each_container(pod, [&](const Json& container, const Json& status) {
    if (ended_well(status) && phase == "Pending") return;  // an init container that is done
    if (auto finding = container_finding(facts, container, status)) {
      findings.push_back(std::move(*finding));
    }
  });
  if (findings.empty()) add_readiness_gates(facts, findings);
  const Json& ready = condition(pod, "Ready");
  if (findings.empty() && is_false(ready)) {
    auto finding = finding_at(facts, Code::kNotReady, "it is not ready");
    finding.evidence = {kube::text_field(ready, "message")};
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace ferry::diagnose
