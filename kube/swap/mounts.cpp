#include "kube/swap/mounts.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "kube/json_field.h"

namespace ferry::swap {
namespace {

using kube::Json;

// https://kubernetes.io/docs/concepts/storage/projected-volumes/: these are files that the kubelet
// writes, and keeps up to date.
constexpr std::array<std::string_view, 4> kServed{"secret", "configMap", "projected",
                                                  "downwardAPI"};
// Block devices, directly or through a claim: most of them can be attached to one node only.
constexpr std::array<std::string_view, 11> kDisks{"persistentVolumeClaim",
                                                  "ephemeral",
                                                  "awsElasticBlockStore",
                                                  "gcePersistentDisk",
                                                  "azureDisk",
                                                  "cinder",
                                                  "rbd",
                                                  "iscsi",
                                                  "fc",
                                                  "vsphereVolume",
                                                  "portworxVolume"};

constexpr const char* kTokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& kinds, const std::string& kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

// "secret"; empty if there is no such volume.
std::string kind_of_volume(const Json& pod, const std::string& name) {
  for (const Json& volume : kube::array_field(pod, "volumes")) {
    if (kube::text_field(volume, "name") != name) continue;
    for (const auto& [key, value] : volume.items()) {
      if (key != "name") return key;
    }
  }
  return {};
}

}  // namespace

MountPlan plan_mounts(const Json& pod, const Json& container) {
  MountPlan plan;
  bool token_is_mounted = false;
  for (const Json& mount : kube::array_field(container, "volumeMounts")) {
    const std::string name = kube::text_field(mount, "name");
    const std::string path = kube::text_field(mount, "mountPath");
    const std::string kind = kind_of_volume(pod, name);
    token_is_mounted = token_is_mounted || path == kTokenPath;
    if (is_one_of(kServed, kind)) {
      plan.served.push_back(path);
      continue;
    }
    plan.left_out.push_back(path + ": a volume of the kind " + kind);
    if (is_one_of(kDisks, kind)) plan.dropped.push_back(name);
  }
  for (const Json& device : kube::array_field(container, "volumeDevices")) {
    plan.left_out.push_back(kube::text_field(device, "devicePath") + ": a block device");
    plan.dropped.push_back(kube::text_field(device, "name"));
  }
  // Mounted by the API server's admission, unless the pod doesn't want it.
  if (!token_is_mounted && kube::bool_field(pod, "automountServiceAccountToken", true)) {
    plan.served.emplace_back(kTokenPath);
  }
  return plan;
}

}  // namespace ferry::swap
