#include "kube/swap/rights.h"

#include <utility>

#include "kube/access.h"
#include "kube/swap/problems.h"
#include "kube/swap/waiting.h"
#include "kube/text.h"

namespace ferry::swap {
namespace {

using Need = kube::Right;

class Asking {
 public:
  Asking(Run& run, std::string ns) : run_(run), ns_(std::move(ns)) {}

  Result<bool> may(const Need& need) {
    const auto answer = kube::may(run_.api, ns_, need, run_.cancel);
    if (answer) return *answer;
    const ErrorCode code = answer.error().code;
    if (is_passing(code) || code == ErrorCode::kCancelled) return fail(answer.error());
    return true;
  }

  // The missing ones.
  Result<std::vector<std::string>> missing(const std::vector<Need>& needs) {
    std::vector<std::string> names;
    for (const Need& need : needs) {
      const Result<bool> allowed = may(need);
      if (!allowed) return fail(allowed.error());
      if (!*allowed) names.push_back(kube::to_string(need));
    }
    return names;
  }

 private:
  Run& run_;
  const std::string ns_;
};

std::vector<Need> always_needed(const SwapPlan& plan) {
  const WorkloadRef& original = plan.request.original;
  const std::string& stand_in = plan.record.stand_in;
  return {{"patch", resource_of(original.kind), original.name, {}},
          {"create", kube::kDeployments, {}, {}},
          {"patch", kube::kDeployments, stand_in, {}},
          {"delete", kube::kDeployments, stand_in, {}},
          {"create", kube::kSecrets, {}, {}},
          {"list", kube::kPods, {}, {}},
          {"get", kube::kPods, {}, "portforward"},
          {"list", kube::kServices, {}, {}},
          {"list", kube::kEndpointSlices, {}, {}}};
}

std::vector<Need> needed_to_restore_alone() {
  return {{"create", kube::kServiceAccounts, {}, {}},
          {"create", kube::kRoles, {}, {}},
          {"create", kube::kRoleBindings, {}, {}}};
}

}  // namespace

Result<Rights> check_rights(Run& run, const SwapPlan& plan) {
  const WorkloadRef& original = plan.request.original;
  Asking asking(run, original.ns);
  const auto missing = asking.missing(always_needed(plan));
  if (!missing) return fail(missing.error());
  if (!missing->empty()) {
    return fail(problem::kRightsMissing, "swapping " + describe(original),
                "you may not " + kube::enumerate(*missing, "") + " in namespace " + original.ns,
                "ask for these rights; manifests/user-role.yaml lists all that are needed");
  }
  Rights rights;
  const auto for_restore = asking.missing(needed_to_restore_alone());
  if (!for_restore) return fail(for_restore.error());
  rights.orphan_restore = for_restore->empty();
  rights.why_no_restore = "you may not " + kube::enumerate(*for_restore, "");
  return rights;
}

Result<bool> may_steer(Run& run, const std::string& ns, const std::string& service) {
  return Asking(run, ns).may({"patch", kube::kServices, service, {}});
}

}  // namespace ferry::swap
