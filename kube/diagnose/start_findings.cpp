#include "kube/diagnose/start_findings.h"

#include <string_view>

#include "kube/json_field.h"
#include "kube/text.h"

namespace ferry::diagnose {
namespace {

using kube::contains;
using kube::Json;

}  // namespace

Finding start_finding(const PodFacts& facts, const Json& container, const std::string& message) {
  auto finding =
      finding_at(facts, container, Code::kContainerCannotStart, "the container can't be started");
  finding.evidence = {"the runtime: " + message};
  finding.fix = "check command, working directory and mounts of the container";
  if (contains(message, "no such file or directory") ||
      contains(message, "executable file not found")) {
    finding.code = Code::kCommandNotFound;
    finding.cause = "the image has no such command";
    finding.fix = "check 'command' of the container, and what is in the image";
  } else if (contains(message, "permission denied")) {
    finding.code = Code::kCommandNotExecutable;
    finding.cause = "the command may not be executed";
    finding.fix = "is it executable in the image, also for the user that the container runs as?";
  }
  return finding;
}

std::optional<Finding> creating_finding(const PodFacts& facts, const Json& container) {
  for (const char* reason : {"FailedMount", "FailedAttachVolume"}) {
    const auto words = last_message(facts, reason);
    if (words.empty()) continue;
    auto finding =
        finding_at(facts, container, Code::kVolumeNotMounted, "a volume can't be mounted");
    finding.evidence = {"the kubelet: " + words};
    finding.fix = contains(words, "not found")
                      ? "create what the volume is made of, or mark it optional"
                      : "see kubectl describe of the pod and of its claims";
    return finding;
  }
  if (const auto words = last_message(facts, "FailedCreatePodSandBox"); !words.empty()) {
    auto finding = finding_at(facts, container, Code::kPodNetworkFails,
                              "the node can't set up the pod's network");
    finding.evidence = {"the kubelet: " + words};
    finding.fix = "that is the cluster's own trouble: ask who runs it";
    return finding;
  }
  return std::nullopt;
}

}  // namespace ferry::diagnose
