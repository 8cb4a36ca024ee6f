#include "kube/diagnose/container_findings.h"

#include <string.h>  // sigabbrev_np

#include <csignal>
#include <string>
#include <string_view>
#include <utility>

#include "kube/diagnose/probe_words.h"
#include "kube/json_field.h"

namespace ferry::diagnose {
namespace {

using kube::Json;

constexpr std::size_t kLines = 10;  // of a log, as evidence

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

Finding finding_at(const PodFacts& facts, const Json& container, std::string code,
                   std::string cause) {
  return {.code = std::move(code),
          .object = name_of(facts, kube::text_field(container, "name")),
          .cause = std::move(cause),
          .evidence = {},
          .fix = {}};
}

// --- the image
// -------------------------------------------------------------------------------------

Finding pull_finding(const PodFacts& facts, const Json& container, const std::string& message) {
  const auto image = kube::text_field(container, "image");
  const auto name = kube::text_field(container, "name");
  // The back-off's own message says less than the failure before it.
  auto words = last_message(facts, "Failed", name, "Failed to pull image");
  if (words.empty()) words = message;
  auto finding = finding_at(facts, container, "image-pull-fails", "the image can't be pulled");
  finding.evidence = {"image: " + image, "the kubelet: " + words};
  finding.fix = "try it where the nodes' registry can be reached: is the name right?";
  if (has(words, "unauthorized") || has(words, "denied") || has(words, "authentication") ||
      has(words, "403 Forbidden") || has(words, "401 Unauthorized")) {
    finding.code = "image-access-denied";
    finding.cause = "the registry doesn't let the cluster pull the image";
    finding.fix =
        "name a Secret with a login in imagePullSecrets of the pod or of its ServiceAccount";
  } else if (has(words, "not found") || has(words, "manifest unknown")) {
    finding.code = "image-not-found";
    finding.cause = "the registry has no such image";
    finding.fix = "check name and tag; was it pushed?";
  } else if (has(words, "no such host") || has(words, "connection refused") ||
             has(words, "i/o timeout") || has(words, "failed to do request")) {
    finding.code = "registry-unreachable";
    finding.cause = "the node can't reach the registry of the image";
    finding.fix = "check the registry in the image's name, and the node's network";
  }
  return finding;
}

// --- starting
// --------------------------------------------------------------------------------------

Finding start_finding(const PodFacts& facts, const Json& container, const std::string& message) {
  auto finding =
      finding_at(facts, container, "container-cannot-start", "the container can't be started");
  finding.evidence = {"the runtime: " + message};
  finding.fix = "check command, working directory and mounts of the container";
  if (has(message, "no such file or directory") || has(message, "executable file not found")) {
    finding.code = "command-not-found";
    finding.cause = "the image has no such command";
    finding.fix = "check 'command' of the container, and what is in the image";
  } else if (has(message, "permission denied")) {
    finding.code = "command-not-executable";
    finding.cause = "the command may not be executed";
    finding.fix = "is it executable in the image, also for the user that the container runs as?";
  }
  return finding;
}

std::optional<Finding> creating_finding(const PodFacts& facts, const Json& container) {
  for (const char* reason : {"FailedMount", "FailedAttachVolume"}) {
    const auto words = last_message(facts, reason);
    if (words.empty()) continue;
    auto finding = finding_at(facts, container, "volume-not-mounted", "a volume can't be mounted");
    finding.evidence = {"the kubelet: " + words};
    finding.fix = has(words, "not found") ? "create what the volume is made of, or mark it optional"
                                          : "see kubectl describe of the pod and of its claims";
    return finding;
  }
  if (const auto words = last_message(facts, "FailedCreatePodSandBox"); !words.empty()) {
    auto finding = finding_at(facts, container, "pod-network-fails",
                              "the node can't set up the pod's network");
    finding.evidence = {"the kubelet: " + words};
    finding.fix = "that is the cluster's own trouble: ask who runs it";
    return finding;
  }
  return std::nullopt;
}

// --- ending
// ----------------------------------------------------------------------------------------

void add_log(const PodFacts& facts, const std::string& container, Finding& finding) {
  const auto lines = facts.last_lines.find(container);
  if (lines == facts.last_lines.end()) return;
  const auto& all = lines->second;
  const std::size_t first = all.size() > kLines ? all.size() - kLines : 0;
  for (std::size_t i = first; i < all.size(); ++i) finding.evidence.push_back("log: " + all[i]);
}

std::optional<Finding> killed_by_probe(const PodFacts& facts, const Json& container) {
  const auto name = kube::text_field(container, "name");
  for (const auto& [probe, kind] :
       {std::pair{"startup", ProbeKind::kStartup}, std::pair{"liveness", ProbeKind::kLiveness}}) {
    const std::string words = "Container " + name + " failed " + probe + " probe";
    if (last_message(facts, "Killing", name, words).empty()) continue;
    return probe_failure(facts, container, kind);
  }
  return std::nullopt;
}

// The container has ended, and wasn't to.
Finding end_finding(const PodFacts& facts, const Json& container, const Json& status,
                    const Json& terminated) {
  const auto name = kube::text_field(container, "name");
  const auto restarts = kube::int_field(status, "restartCount", 0, 1'000'000'000, 0);
  const auto reason = kube::text_field(terminated, "reason");
  const auto exit_code = kube::int_field(terminated, "exitCode", -1, 1'000'000, -1);
  if (auto probe = killed_by_probe(facts, container); probe && reason != "OOMKilled") {
    probe->evidence.push_back("ended with " + ending_text(terminated) + ", restarted " +
                              std::to_string(restarts) + " times");
    return std::move(*probe);
  }
  auto finding = finding_at(facts, container, restarts > 0 ? "crash-loop" : "container-failed",
                            "the program ends with " + ending_text(terminated));
  finding.fix = "its log tells why: kubectl logs " + name_of(facts) + " -c " + name +
                (restarts > 0 ? " --previous" : "");
  if (reason == "OOMKilled") {
    finding.code = "out-of-memory";
    finding.cause = "the container needs more memory than it may use, and was killed";
    finding.fix = "raise resources.limits.memory, or find what takes it";
    const Json& limits = kube::field(kube::field(container, "resources"), "limits");
    if (const auto limit = kube::text_field(limits, "memory"); !limit.empty()) {
      finding.evidence.push_back("memory limit: " + limit);
    }
  } else if (reason == "StartError") {
    return start_finding(facts, container, kube::text_field(terminated, "message"));
  } else if (exit_code == 0) {
    finding.cause = "the program ends by itself, without an error; a pod of this kind is to run on";
    finding.fix = "does it go to the background? It has to stay in the foreground";
  }
  if (restarts > 0) finding.evidence.push_back("restarted " + std::to_string(restarts) + " times");
  if (const auto words = kube::text_field(terminated, "message"); !words.empty()) {
    finding.evidence.push_back("its last words: " + words);
  }
  add_log(facts, name, finding);
  return finding;
}

// --- running
// ---------------------------------------------------------------------------------------

std::optional<Finding> running_finding(const PodFacts& facts, const Json& container,
                                       const Json& status) {
  if (kube::bool_field(status, "ready", false)) return std::nullopt;
  for (const ProbeKind kind : {ProbeKind::kStartup, ProbeKind::kReadiness, ProbeKind::kLiveness}) {
    if (kind == ProbeKind::kStartup && kube::bool_field(status, "started", false)) continue;
    if (auto finding = probe_failure(facts, container, kind)) return finding;
  }
  auto finding =
      finding_at(facts, container, "not-ready", "the container runs and is not ready yet");
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
  if (reason == "ErrImagePull" || reason == "ImagePullBackOff") {
    return pull_finding(facts, container, message);
  }
  if (reason == "CrashLoopBackOff") return end_finding(facts, container, status, last);
  if (reason == "RunContainerError" || reason == "CreateContainerError") {
    return start_finding(facts, container, message);
  }
  auto finding = finding_at(facts, container, "container-waits", "the container waits: " + reason);
  if (!message.empty()) finding.evidence = {"the kubelet: " + message};
  if (reason == "InvalidImageName") {
    finding.code = "image-name-invalid";
    finding.cause = "the image's name is not one";
    finding.fix = "as in registry.example/team/app:tag, in lower case";
  } else if (reason == "ErrImageNeverPull") {
    finding.code = "image-not-on-node";
    finding.cause = "the image is not on the node, and may not be pulled";
    finding.fix = "bring it there, or change imagePullPolicy from Never";
  } else if (reason == "CreateContainerConfigError") {
    finding.code = "config-missing";
    finding.cause = "its environment refers to something that is not there";
    finding.fix = "create it, or mark the reference optional";
  }
  return finding;
}

}  // namespace

std::string ending_text(const Json& terminated) {
  const auto exit_code = kube::int_field(terminated, "exitCode", -1, 1'000'000, -1);
  const auto reason = kube::text_field(terminated, "reason");
  std::string text = "exit code " + std::to_string(exit_code);
  const auto signal = static_cast<int>(exit_code - 128);
  if (signal > 0 && signal < NSIG) {
    if (const char* name = sigabbrev_np(signal); name != nullptr) {
      text += std::string(", killed by SIG") + name;
    }
  } else if (exit_code == 127) {
    text += " (a shell says so of a command that it doesn't find)";
  } else if (exit_code == 126) {
    text += " (a shell says so of a command that it may not execute)";
  }
  if (!reason.empty() && reason != "Error" && reason != "Completed") text += " (" + reason + ")";
  return text;
}

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
