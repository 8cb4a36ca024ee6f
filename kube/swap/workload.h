// What can be swapped: a Deployment, a StatefulSet or a ReplicaSet, by namespace, kind and name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kube/api.h"
#include "kube/resource.h"

namespace ferry::swap {

inline constexpr std::int64_t kMaxReplicas = 1'000'000;  // that are believed

enum class WorkloadKind : std::uint8_t { kDeployment, kStatefulSet, kReplicaSet };

struct WorkloadRef {
  std::string ns;
  WorkloadKind kind = WorkloadKind::kDeployment;
  std::string name;

  bool operator==(const WorkloadRef&) const = default;
};

const kube::Resource& resource_of(WorkloadKind kind);

// "deployment/web": how records and messages name it within its namespace.
std::string to_string(const WorkloadRef& workload);
// "deployment/web in namespace demo"
std::string describe(const WorkloadRef& workload);
// "demo/deployment/web": the argument of the stand-in's --restore.
std::string to_argument(const WorkloadRef& workload);

// From the form of to_argument(). Error: kUsage.
Result<WorkloadRef> parse_workload_argument(std::string_view text);

// Whether a pod is one of the workload's own, by its controller and its pod-template-hash label.
// Its labels alone would not do: those of the stand-in's pod are the same.
bool owns(const WorkloadRef& workload, const kube::Json& pod);

// spec.replicas; 1 when it is absent, as the API server has it.
std::uint32_t replicas_of(const kube::Json& workload);

// status.availableReplicas; 0 when it is absent.
std::uint32_t available_of(const kube::Json& workload);

}  // namespace ferry::swap
