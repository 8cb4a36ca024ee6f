#include "kube/diagnose/scheduling.h"

#include <array>
#include <charconv>
#include <utility>

#include "kube/json_field.h"
#include "kube/text.h"

namespace ferry::diagnose {
namespace {

using kube::Json;

constexpr std::string_view kInsufficient = "Insufficient ";

// A reason of the scheduler, the code of the finding it leads to, and what it means.
struct RefusalMeaning {
  std::string_view says;  // the words begin so
  Code code;
  std::string_view means;
  std::string_view fix;
};

constexpr std::array kRefusalMeanings = {
    RefusalMeaning{
        kInsufficient, Code::kUnschedulableResources, "",
        "lower the pod's requests, or make room: kubectl describe nodes shows what is taken"},
    RefusalMeaning{"node(s) didn't match Pod's node affinity", Code::kUnschedulableSelector,
                   "don't match its node selector or node affinity",
                   "compare with the nodes' labels: kubectl get nodes --show-labels"},
    RefusalMeaning{"node(s) had untolerated taint", Code::kUnschedulableTaint,
                   "have a taint that it doesn't tolerate",
                   "add a toleration, or take the taint off: kubectl describe nodes"},
    RefusalMeaning{"node(s) were unschedulable", Code::kUnschedulableCordoned, "are cordoned",
                   "let pods there again: kubectl uncordon NODE"},
    RefusalMeaning{"node(s) didn't have free ports", Code::kUnschedulableHostPort,
                   "have its host port taken already", "use another hostPort, or none"},
    RefusalMeaning{"node(s) didn't match pod anti-affinity", Code::kUnschedulableAffinity,
                   "run a pod that it must not be with", "relax its podAntiAffinity, or add nodes"},
    RefusalMeaning{"node(s) didn't match pod affinity", Code::kUnschedulableAffinity,
                   "run no pod that it must be with", "relax its podAffinity"},
    RefusalMeaning{"node(s) didn't match pod topology spread", Code::kUnschedulableAffinity,
                   "would break its topology spread constraints",
                   "relax topologySpreadConstraints"},
    RefusalMeaning{"node(s) had volume node affinity conflict", Code::kUnschedulableVolume,
                   "can't reach its volume",
                   "see kubectl get pv: the volume is bound to other nodes"},
    RefusalMeaning{"pod has unbound immediate PersistentVolumeClaims", Code::kUnschedulableVolume,
                   "wait for its PersistentVolumeClaim to be bound",
                   "see what keeps the claim: kubectl describe pvc"},
    RefusalMeaning{"persistentvolumeclaim", Code::kUnschedulableVolume,
                   "wait for a PersistentVolumeClaim that is not there", "create the claim"},
    RefusalMeaning{"Too many pods", Code::kUnschedulableResources,
                   "are full: they take no more pods", "add nodes, or remove pods"},
};

const RefusalMeaning* meaning_of(const std::string& why) {
  for (const RefusalMeaning& meaning : kRefusalMeanings) {
    if (why.starts_with(meaning.says)) return &meaning;
  }
  return nullptr;
}

// What the pod asks for of a resource, container by container: "main 64, sidecar 1".
std::string requests_of(const Json& pod, const std::string& resource) {
  std::string text;
  for (const Json& container : kube::array_field(kube::field(pod, "spec"), "containers")) {
    const Json& requests = kube::field(kube::field(container, "resources"), "requests");
    const auto amount = kube::text_field(requests, resource);
    if (amount.empty()) continue;
    text += (text.empty() ? "" : ", ") + kube::text_field(container, "name") + " " + amount;
  }
  return text;
}

std::string plainly(const Json& pod, const NodeReason& reason) {
  const std::string nodes = reason.nodes == 0 ? "all nodes: "
                                              : std::to_string(reason.nodes) +
                                                    (reason.nodes == 1 ? " node: " : " nodes: ");
  const RefusalMeaning* meaning = meaning_of(reason.why);
  if (meaning == nullptr) return nodes + reason.why;
  if (meaning->says != kInsufficient) return nodes + std::string(meaning->means);
  const std::string resource = reason.why.substr(kInsufficient.size());
  const std::string asked = requests_of(pod, resource);
  return nodes + "too little " + resource + " is free" +
         (asked.empty() ? "" : " (requested: " + asked + ")");
}

std::string selector_of(const Json& pod) {
  const auto labels = kube::text_map_field(kube::field(pod, "spec"), "nodeSelector");
  std::string text;
  for (const auto& [key, value] : labels) {
    text.append(text.empty() ? "" : ", ").append(key).append("=").append(value);
  }
  return text;
}

}  // namespace

std::vector<NodeReason> node_reasons(std::string_view message) {
  const auto begin = message.find("nodes are available: ");
  if (begin == std::string_view::npos) return {};
  message.remove_prefix(begin + std::string_view("nodes are available: ").size());
  if (const auto end = message.find(". preemption:"); end != std::string_view::npos) {
    message = message.substr(0, end);
  }
  while (message.ends_with('.')) message.remove_suffix(1);
  std::vector<NodeReason> reasons;
  for (std::string_view part : kube::split(message, ',')) {
    part = kube::trim(part);
    NodeReason reason;
    const auto [rest, error] = std::from_chars(part.begin(), part.end(), reason.nodes);
    if (error == std::errc() && rest != part.end() && *rest == ' ') {
      reason.why = part.substr(static_cast<std::size_t>(rest - part.begin()) + 1);
      reasons.push_back(std::move(reason));
    } else if (!reasons.empty()) {
      reasons.back().why.append(", ").append(part);  // a comma within the reason
    } else {
      reasons.push_back({.nodes = 0, .why = std::string(part)});  // true of the pod, whatever node
    }
  }
  return reasons;
}

Finding unschedulable(const Json& pod, const std::string& message) {
  Finding finding{.code = Code::kUnschedulable,
                  .object = "pod/" + kube::text_field(kube::field(pod, "metadata"), "name"),
                  .cause = "no node takes the pod",
                  .evidence = {},
                  .fix = "see kubectl describe nodes"};
  const RefusalMeaning* first = nullptr;
  for (const NodeReason& reason : node_reasons(message)) {
    finding.evidence.push_back(plainly(pod, reason));
    if (first == nullptr) first = meaning_of(reason.why);
  }
  if (first != nullptr) {
    finding.code = first->code;
    finding.fix = first->fix;
  }
  if (finding.code == Code::kUnschedulableSelector) {
    if (const auto labels = selector_of(pod); !labels.empty()) {
      finding.evidence.push_back("its node selector: " + labels);
    }
  }
  finding.evidence.push_back("the scheduler: " + message);
  return finding;
}

}  // namespace ferry::diagnose
