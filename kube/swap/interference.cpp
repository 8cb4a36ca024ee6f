#include "kube/swap/interference.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "kube/json_field.h"
#include "kube/label_selector.h"
#include "kube/swap/problems.h"
#include "kube/swap/waiting.h"

namespace ferry::swap {
namespace {

using kube::Json;

constexpr std::array<std::string_view, 3> kSidecars{"istio-proxy", "linkerd-proxy", "kuma-sidecar"};

std::string name_of(const Json& object) {
  return kube::text_field(kube::field(object, "metadata"), "name");
}

class Search {
 public:
  Search(Run& run, const SwapPlan& plan, const Json& original, const std::vector<Json>& pods)
      : run_(run), plan_(plan), original_(original), pods_(pods) {}

  Result<std::vector<Error>> run() {
    using Look = void (Search::*)(const Json&);
    const std::array<std::pair<kube::Resource, Look>, 4> looks{
        {{kube::kHorizontalPodAutoscalers, &Search::autoscaler},
         {kube::kPodDisruptionBudgets, &Search::budget},
         {kube::kNetworkPolicies, &Search::policy},
         {kube::kResourceQuotas, &Search::quota}}};
    for (const auto& [resource, look] : looks) {
      const auto list = run_.api.list(resource, plan_.request.original.ns, {}, run_.cancel);
      if (!list) {
        const ErrorCode code = list.error().code;
        if (is_passing(code) || code == ErrorCode::kCancelled) return fail(list.error());
        continue;
      }
      for (const Json& object : list->items) (this->*look)(object);
    }
    sidecars();
    return std::move(warnings_);
  }

 private:
  void warn(std::string what, std::string why, std::string fix) {
    warnings_.push_back(
        Error{problem::kInterference, std::move(what), std::move(why), std::move(fix)});
  }

  void autoscaler(const Json& object) {
    if (plan_.request.keep_original) return;
    const WorkloadRef& original = plan_.request.original;
    const Json& target = kube::field(kube::field(object, "spec"), "scaleTargetRef");
    if (kube::text_field(target, "kind") != resource_of(original.kind).kind ||
        kube::text_field(target, "name") != original.name) {
      return;
    }
    const std::string what = "horizontalpodautoscaler/" + name_of(object);
    const auto& owners = kube::array_field(kube::field(object, "metadata"), "ownerReferences");
    const bool keda = std::any_of(owners.begin(), owners.end(), [](const Json& owner) {
      return kube::text_field(owner, "kind") == "ScaledObject";
    });
    if (keda) {
      warn(what, "KEDA scales " + to_string(original) + ", also up from 0",
           "pause its ScaledObject for the time (autoscaling.keda.sh/paused), or the stand-in gets "
           "a share of the traffic only");
      return;
    }
    warn(what, "it scales " + to_string(original) + ", and rests while that is at 0",
         "nothing needs to be done: it goes on after restoring");
  }

  // Whether a selector asks for labels that the stand-in's pod has, taken over from the original.
  bool selects(const Json& selector) const {
    const Json& pod = kube::field(kube::field(original_, "spec"), "template");
    return kube::selects(selector, kube::field(kube::field(pod, "metadata"), "labels"));
  }

  void budget(const Json& object) {
    if (!selects(kube::field(kube::field(object, "spec"), "selector"))) return;
    warn("poddisruptionbudget/" + name_of(object), "it counts the stand-in's pod as well",
         "draining that pod's node may be refused while it is swapped");
  }

  // The tunnel comes in through the kubelet, which no policy stands against; the API server is
  // somewhere else.
  void policy(const Json& object) {
    const Json& spec = kube::field(object, "spec");
    const auto& types = kube::array_field(spec, "policyTypes");
    const bool egress = std::find(types.begin(), types.end(), "Egress") != types.end();
    if (!plan_.orphan_restore || !egress || !selects(kube::field(spec, "podSelector"))) return;
    warn("networkpolicy/" + name_of(object), "it says where the stand-in's pod may connect to",
         "unless that includes the API server, the stand-in can't restore by itself");
  }

  // What is counted in pieces: amounts of memory and processor are left to the API server, whose
  // refusal is told.
  void quota(const Json& object) {
    const Json& status = kube::field(object, "status");
    const std::array<std::pair<std::string_view, std::int64_t>, 5> needs{
        {{"pods", 1},
         {"count/pods", 1},
         {"count/deployments.apps", 1},
         {"secrets", plan_.orphan_restore ? 2 : 1},
         {"count/secrets", plan_.orphan_restore ? 2 : 1}}};
    for (const auto& [what, need] : needs) {
      const std::string hard = kube::text_field(kube::field(status, "hard"), what);
      const std::string used = kube::text_field(kube::field(status, "used"), what);
      if (hard.empty()) continue;
      if (std::atoll(hard.c_str()) - std::atoll(used.c_str()) >= need) continue;
      warn("resourcequota/" + name_of(object),
           std::string(what) + ": " + used + " of " + hard + " are used, and the stand-in needs " +
               std::to_string(need),
           "make room, or it will be refused");
    }
  }

  void sidecars() {
    for (const Json& pod : pods_) {
      if (!owns(plan_.request.original, pod)) continue;
      const Json& spec = kube::field(pod, "spec");
      for (const char* list : {"containers", "initContainers"}) {
        for (const Json& container : kube::array_field(spec, list)) {
          const std::string name = kube::text_field(container, "name");
          if (std::find(kSidecars.begin(), kSidecars.end(), name) == kSidecars.end()) continue;
          warn("container " + name + " of pod/" + name_of(pod),
               "a service mesh is in its pods, and will be in the stand-in's",
               "callers arrive through it: from 127.0.0.x, decrypted, and by the mesh's rules");
          return;
        }
      }
    }
  }

  Run& run_;
  const SwapPlan& plan_;
  const Json& original_;
  const std::vector<Json>& pods_;
  std::vector<Error> warnings_;
};

}  // namespace

Result<std::vector<Error>> find_interference(Run& run, const SwapPlan& plan, const Json& original,
                                             const std::vector<Json>& pods) {
  return Search(run, plan, original, pods).run();
}

}  // namespace ferry::swap
