#include "kube/diagnose/policies.h"

#include <algorithm>
#include <string>
#include <vector>

#include "kube/json_field.h"
#include "kube/label_selector.h"

namespace ferry::diagnose {
namespace {

using kube::Json;

constexpr std::size_t kMostNamed = 5;

std::string name_of_object(const Json& object) {
  return kube::text_field(kube::field(object, "metadata"), "name");
}

// Without policyTypes it is about what comes in.
bool is_about_ingress(const Json& policy) {
  const auto& types = kube::array_field(kube::field(policy, "spec"), "policyTypes");
  return types.empty() || std::find(types.begin(), types.end(), "Ingress") != types.end();
}

std::string words_of(const Json& policy) {
  const auto rules = kube::array_field(kube::field(policy, "spec"), "ingress").size();
  return "networkpolicy/" + name_of_object(policy) + " selects it and lets in " +
         (rules == 0   ? "nobody"
          : rules == 1 ? "only what its rule names"
                       : "only what its " + std::to_string(rules) + " rules name");
}

void add_policies(Finding& finding, const std::vector<Json>& policies, const std::string& ns) {
  std::vector<std::string> names;
  for (const Json& policy : policies) {
    names.push_back(name_of_object(policy));
    if (names.size() <= kMostNamed) finding.evidence.push_back(words_of(policy));
  }
  if (names.empty()) {
    finding.evidence.push_back("no NetworkPolicy of namespace " + ns +
                               " selects it for what comes in");
    finding.fix =
        "see whether a policy of the caller's namespace or of the whole cluster, or a firewall "
        "between the nodes, forbids it";
    return;
  }
  if (names.size() > kMostNamed) {
    finding.evidence.push_back("so do " + std::to_string(names.size() - kMostNamed) + " more");
    names.resize(kMostNamed);
  }
  std::string all;
  for (const auto& name : names) all += " " + name;
  finding.fix =
      "one of them must let its callers in: kubectl describe networkpolicy -n " + ns + all;
}

}  // namespace

void name_policies(kube::Api& api, Report& report, const kube::CancelToken& cancel) {
  constexpr std::string_view kPod = "pod/";
  const auto blocked = [&](const Finding& finding) {
    return finding.code == Code::kConnectionBlocked && finding.object.starts_with(kPod);
  };
  if (std::none_of(report.findings.begin(), report.findings.end(), blocked)) return;
  const auto policies = api.list(kube::kNetworkPolicies, report.ns, {}, cancel);
  if (!policies) return;
  for (Finding& finding : report.findings) {
    if (!blocked(finding)) continue;
    const auto pod = api.get(kube::kPods, report.ns, finding.object.substr(kPod.size()), cancel);
    if (!pod) continue;
    const Json& labels = kube::field(kube::field(*pod, "metadata"), "labels");
    std::vector<Json> standing;
    for (const Json& policy : policies->items) {
      const Json& selector = kube::field(kube::field(policy, "spec"), "podSelector");
      if (is_about_ingress(policy) && kube::selects(selector, labels)) standing.push_back(policy);
    }
    add_policies(finding, standing, report.ns);
  }
}

}  // namespace ferry::diagnose
