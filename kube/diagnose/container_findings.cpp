#include "kube/diagnose/container_findings.h"

#include "kube/diagnose/ending_findings.h"
#include "kube/diagnose/image_findings.h"
#include "kube/diagnose/probe_words.h"
#include "kube/diagnose/start_findings.h"
#include "kube/json_field.h"

namespace ferry::diagnose {
namespace {

using kube::Json;

std::optional<Finding> running_finding(const PodFacts& facts, const Json& container,
                                       const Json& status) {
  if (kube::bool_field(status, "ready", false)) return std::nullopt;
  for (const ProbeKind kind : {ProbeKind::kStartup, ProbeKind::kReadiness, ProbeKind::kLiveness}) {
    if (kind == ProbeKind::kStartup && kube::bool_field(status, "started", false)) continue;
    if (auto finding = probe_failure(facts, container, kind)) return finding;
  }
  auto finding =
      finding_at(facts, container, Code::kNotReady, "the container runs and is not ready yet");
  const auto asked = probe_text(container, ProbeKind::kReadiness);
  if (!asked.empty()) finding.evidence = {"asked: " + asked};
  finding.fix = "wait a moment; if it stays so: kubectl describe " + name_of(facts);
  return finding;
}

std::optional<Finding> waiting_finding(const PodFacts& facts, const Json& container,
                                       const Json& status, const Json& waiting) {
  const auto reason = kube::text_field(waiting, "reason");
  const auto message = kube::text_field(waiting, "message");
  const Json& last = kube::field(kube::field(status, "lastState"), "terminated");
  if (reason == "PodInitializing") return std::nullopt;
  if (reason == "ContainerCreating") return creating_finding(facts, container);
  if (auto finding = image_finding(facts, container, waiting)) return finding;
  if (reason == "CrashLoopBackOff") return end_finding(facts, container, status, last);
  if (reason == "RunContainerError" || reason == "CreateContainerError") {
    return start_finding(facts, container, message);
  }
  auto finding =
      finding_at(facts, container, Code::kContainerWaits, "the container waits: " + reason);
  if (!message.empty()) finding.evidence = {"the kubelet: " + message};
  if (reason == "CreateContainerConfigError") {
    finding.code = Code::kConfigMissing;
    finding.cause = "its environment refers to something that is not there";
    finding.fix = "create it, or mark the reference optional";
  }
  return finding;
}

}  // namespace

std::optional<Finding> container_finding(const PodFacts& facts, const Json& container,
                                         const Json& status) {
  const Json& state = kube::field(status, "state");
  if (const Json& waiting = kube::field(state, "waiting"); waiting.is_object()) {
    return waiting_finding(facts, container, status, waiting);
  }
  if (const Json& terminated = kube::field(state, "terminated"); terminated.is_object()) {
    return end_finding(facts, container, status, terminated);
  }
  if (kube::field(state, "running").is_object()) return running_finding(facts, container, status);
  return std::nullopt;
}

}  // namespace ferry::diagnose
