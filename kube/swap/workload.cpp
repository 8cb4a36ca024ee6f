#include "kube/swap/workload.h"

#include <array>

#include "kube/json_field.h"
#include "kube/swap/problems.h"
#include "kube/text.h"

namespace ferry::swap {
namespace {

struct KindName {
  WorkloadKind kind;
  std::string_view word;
};

constexpr std::array<KindName, 3> kKinds{{{WorkloadKind::kDeployment, "deployment"},
                                          {WorkloadKind::kStatefulSet, "statefulset"},
                                          {WorkloadKind::kReplicaSet, "replicaset"}}};

std::string_view word_of(WorkloadKind kind) {
  for (const KindName& name : kKinds) {
    if (name.kind == kind) return name.word;
  }
  return "workload";
}

const kube::Json& controlling_owner(const kube::Json& metadata) {
  for (const kube::Json& owner : kube::array_field(metadata, "ownerReferences")) {
    if (kube::bool_field(owner, "controller", false)) return owner;
  }
  return kube::field(metadata, "");
}

}  // namespace

const kube::Resource& resource_of(WorkloadKind kind) {
  switch (kind) {
    case WorkloadKind::kDeployment: return kube::kDeployments;
    case WorkloadKind::kStatefulSet: return kube::kStatefulSets;
    case WorkloadKind::kReplicaSet: return kube::kReplicaSets;
  }
  return kube::kDeployments;
}

std::string to_string(const WorkloadRef& workload) {
  return std::string(word_of(workload.kind)) + "/" + workload.name;
}

std::string describe(const WorkloadRef& workload) {
  return to_string(workload) + " in namespace " + workload.ns;
}

std::string to_argument(const WorkloadRef& workload) {
  return workload.ns + "/" + to_string(workload);
}

Result<WorkloadRef> parse_workload_argument(std::string_view text) {
  const std::vector<std::string_view> parts = kube::split(text, '/');
  if (parts.size() == 3 && !parts[0].empty() && !parts[2].empty()) {
    for (const KindName& name : kKinds) {
      if (parts[1] == name.word) {
        return WorkloadRef{std::string(parts[0]), name.kind, std::string(parts[2])};
      }
    }
  }
  return fail(problem::kWorkloadInvalid, "reading '" + std::string(text) + "'",
              "it is not a namespace, a kind and a name",
              "write NAMESPACE/deployment/NAME; statefulset and replicaset are known as well");
}

bool owns(const WorkloadRef& workload, const kube::Json& pod) {
  const kube::Json& metadata = kube::field(pod, "metadata");
  const kube::Json& controller = controlling_owner(metadata);
  const std::string kind = kube::text_field(controller, "kind");
  const std::string name = kube::text_field(controller, "name");
  if (workload.kind != WorkloadKind::kDeployment) {
    return kind == resource_of(workload.kind).kind && name == workload.name;
  }
  // The Deployment controller names its ReplicaSets so.
  const std::string hash = kube::text_field(kube::field(metadata, "labels"), "pod-template-hash");
  return kind == "ReplicaSet" && !hash.empty() && name == workload.name + "-" + hash;
}

std::uint32_t replicas_of(const kube::Json& workload) {
  return static_cast<std::uint32_t>(
      kube::int_field(kube::field(workload, "spec"), "replicas", 0, kMaxReplicas, 1));
}

std::uint32_t available_of(const kube::Json& workload) {
  return static_cast<std::uint32_t>(
      kube::int_field(kube::field(workload, "status"), "availableReplicas", 0, kMaxReplicas, 0));
}

}  // namespace ferry::swap
