#include "kube/doctor/needed_rights.h"

#include <algorithm>
#include <future>
#include <initializer_list>
#include <utility>

namespace ferry::doctor {
namespace {

using kube::Resource;
using kube::Right;

constexpr std::size_t kAtOnce = 8;

std::vector<Right> rights(std::initializer_list<const char*> verbs,
                          std::initializer_list<Resource> resources, const char* subresource = "") {
  std::vector<Right> all;
  for (const Resource& resource : resources) {
    for (const char* verb : verbs) all.push_back({verb, resource, "", subresource});
  }
  return all;
}

std::vector<Right> operator+(std::vector<Right> left, const std::vector<Right>& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

std::vector<Area> make_areas() {
  const auto reading = {"get", "list", "watch"};
  return {
      {"links", "links don't find what they lead to, or don't reach it",
       rights(reading, {kube::kPods, kube::kServices, kube::kEndpointSlices, kube::kDeployments,
                        kube::kStatefulSets, kube::kReplicaSets}) +
           rights({"get", "create"}, {kube::kPods}, "portforward")},
      {"proxy", "links take the direct route: no half-closed connections, nothing survives a cut",
       rights({"get", "list", "watch", "create", "delete"}, {kube::kJobs}) +
           rights({"create"}, {kube::kSecrets})},
      {"logs", "no ferry logs, and no last words of what crashed in ferry diagnose",
       rights({"get"}, {kube::kPods}, "log")},
      {"exec", "no ferry exec", rights({"get", "create"}, {kube::kPods}, "exec")},
      {"debug", "no ferry debug, or not with --fork",
       rights({"patch"}, {kube::kPods}, "ephemeralcontainers") +
           rights({"get", "create"}, {kube::kPods}, "attach") +
           rights({"create", "delete"}, {kube::kPods})},
      {"diagnose", "ferry diagnose sees less of why pods are not made, placed or started",
       rights(reading, {kube::kEvents, kube::kDaemonSets}) +
           rights({"list"}, {kube::kResourceQuotas})},
      {"swap", "workloads of that kind are not swapped, or not put back",
       rights({"create", "patch", "delete"}, {kube::kDeployments}) +
           rights({"patch"}, {kube::kStatefulSets, kube::kReplicaSets})},
      {"swap-seamless", "connections may be lost when a swap begins and ends",
       rights({"patch"}, {kube::kServices})},
      {"swap-unattended", "a stand-in can't put the original back when this machine is gone",
       rights({"create"}, {kube::kServiceAccounts, kube::kRoles, kube::kRoleBindings})},
      {"swap-warnings", "what may get in a swap's way is not warned of",
       rights({"list"}, {kube::kHorizontalPodAutoscalers, kube::kNetworkPolicies,
                         kube::kPodDisruptionBudgets})},
  };
}

}  // namespace

const std::vector<Area>& needed_rights() {
  static const std::vector<Area> areas = make_areas();
  return areas;
}

Result<std::vector<AreaAnswer>> ask_for_rights(kube::Api& api, const std::string& ns,
                                               const kube::CancelToken& cancel) {
  std::vector<const Right*> all;
  for (const Area& area : needed_rights()) {
    for (const Right& right : area.rights) all.push_back(&right);
  }
  // Each asks for every eighth; where there is no thread, when its answers are wanted.
  const auto ask = [&](std::size_t first) {
    std::vector<Result<bool>> answers;
    for (std::size_t i = first; i < all.size(); i += kAtOnce) {
      answers.push_back(kube::may(api, ns, *all[i], cancel));
    }
    return answers;
  };
  std::vector<std::future<std::vector<Result<bool>>>> soon;
  for (std::size_t i = 0; i < kAtOnce; ++i) {
    soon.push_back(std::async(std::launch::async | std::launch::deferred, ask, i));
  }
  std::vector<std::vector<Result<bool>>> columns;
  for (auto& one : soon) columns.push_back(one.get());
  std::vector<AreaAnswer> answers;
  std::size_t next = 0;
  for (const Area& area : needed_rights()) {
    AreaAnswer& answer = answers.emplace_back(AreaAnswer{&area, {}});
    for (std::size_t i = 0; i < area.rights.size(); ++i, ++next) {
      const auto& one = columns[next % kAtOnce][next / kAtOnce];
      if (!one) return fail(one.error());
      answer.allowed.push_back(*one);
    }
  }
  return answers;
}

}  // namespace ferry::doctor
