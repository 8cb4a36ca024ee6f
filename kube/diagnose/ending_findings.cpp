#include "kube/diagnose/ending_findings.h"

#include <string.h>  // sigabbrev_np

#include <csignal>
#include <optional>
#include <utility>

#include "kube/diagnose/probe_words.h"
#include "kube/diagnose/start_findings.h"
#include "kube/json_field.h"

namespace ferry::diagnose {
namespace {

using kube::Json;

constexpr std::size_t kLines = 10;  // of a log, as evidence

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
  auto finding =
      finding_at(facts, container, restarts > 0 ? Code::kCrashLoop : Code::kContainerFailed,
                 "the program ends with " + ending_text(terminated));
  finding.fix = "its log tells why: kubectl logs " + name_of(facts) + " -c " + name +
                (restarts > 0 ? " --previous" : "");
  if (reason == "OOMKilled") {
    finding.code = Code::kOutOfMemory;
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

}  // namespace ferry::diagnose
