#include "kube/diagnose/workload_findings.h"

#include <string_view>
#include <utility>

#include "kube/json_field.h"
#include "kube/model.h"

namespace ferry::diagnose {
namespace {

using kube::condition;
using kube::Json;

// As kube/swap/record.h writes it; a finding needs no more than that it is there.
constexpr std::string_view kSwapAnnotation = "ferry.dev/swap";

bool has_status(const Json& condition, std::string_view status) {
  return kube::text_field(condition, "status") == status;
}

// Why the API server lets it have no more pods; empty: nothing keeps it. A Deployment has a
// condition for that (of its ReplicaSet); a StatefulSet's controller tells it by events alone,
// which stay for an hour after it is over.
std::string refusal(const Json& workload, const std::vector<Json>& events) {
  const Json& failure = condition(workload, "ReplicaFailure");
  if (has_status(failure, "True")) return kube::text_field(failure, "message");
  const Json& status = kube::field(workload, "status");
  const int wanted = kube::parse_workload(workload).replicas;
  if (kube::int_field(status, "replicas", 0, wanted, 0) == wanted) return {};
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    if (kube::text_field(*event, "reason") == "FailedCreate") {
      return kube::text_field(*event, "message");
    }
  }
  return {};
}

}  // namespace

std::vector<Finding> workload_findings(const Json& workload, const std::string& name,
                                       const std::vector<Json>& events) {
  std::vector<Finding> findings;
  const auto add = [&](Code code, std::string cause, std::string evidence, std::string fix) {
    findings.push_back({.code = code,
                        .object = name,
                        .cause = std::move(cause),
                        .evidence = {},
                        .fix = std::move(fix)});
    if (!evidence.empty()) findings.back().evidence.push_back(std::move(evidence));
  };
  const auto annotations = kube::text_map_field(kube::field(workload, "metadata"), "annotations");
  const bool swapped = annotations.contains(std::string(kSwapAnnotation));
  if (kube::parse_workload(workload).replicas == 0) {
    if (swapped) {
      add(Code::kSwapped, "it rests while a stand-in answers for it", {},
          "ferry list --swaps tells who has swapped it; ferry restore " + name + " puts it back");
    } else {
      add(Code::kScaledToZero, "it is scaled to 0", {}, "kubectl scale " + name + " --replicas=1");
    }
  }
  if (const auto words = refusal(workload, events); !words.empty()) {
    const bool quota = words.find("exceeded quota") != std::string::npos;
    add(quota ? Code::kQuotaExceeded : Code::kPodsRefused,
        quota ? "its pods would take more than the namespace's quota"
              : "the API server refuses its pods",
        "the API server: " + words,
        quota ? "lower its requests, or have the quota raised: kubectl describe quota"
              : "mend the pod template so that it is admitted");
  }
  if (const Json& progress = condition(workload, "Progressing");
      has_status(progress, "False") && findings.empty()) {
    add(Code::kRolloutStuck, "its rollout makes no progress", kube::text_field(progress, "message"),
        "see what is wrong with its newest pods; kubectl rollout undo " + name + " goes back");
  }
  if (kube::bool_field(kube::field(workload, "spec"), "paused", false)) {
    add(Code::kPaused, "its rollout is paused: changes of the template don't reach the pods", {},
        "kubectl rollout resume " + name);
  }
  return findings;
}

}  // namespace ferry::diagnose
