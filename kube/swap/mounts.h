// What becomes of a container's volume mounts in the stand-in.
#pragma once

#include <string>
#include <vector>

#include "kube/api.h"

namespace ferry::swap {

struct MountPlan {
  // Paths whose files the proxy serves: of Secrets, ConfigMaps, projected and downward API volumes,
  // and the service account's.
  std::vector<std::string> served;
  // The others, for people: "/var/lib/data: a volume of the kind persistentVolumeClaim".
  std::vector<std::string> left_out;
  // Volumes that the container loses: disks, which one pod at a time may hold. The original needs
  // them back while the stand-in still runs.
  std::vector<std::string> dropped;
};

// `pod` is a pod's spec, `container` one of its containers.
MountPlan plan_mounts(const kube::Json& pod, const kube::Json& container);

}  // namespace ferry::swap
