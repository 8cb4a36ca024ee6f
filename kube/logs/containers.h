// The containers of a pod as their logs are concerned: which run's log the node serves at present.
#pragma once

#include <string>
#include <vector>

#include "kube/api.h"

namespace ferry::logs {

struct LoggedContainer {
  std::string pod;
  std::string uid;            // the pod's
  std::string generate_name;  // what the pod's name was made from; empty: it was given
  std::string name;
  bool alone = true;         // the pod has no other container
  bool running = false;      // its log may grow
  std::string run;           // whose log is served, by the runtime's id; empty: it has none yet
  std::string previous_run;  // whose log is served as the previous one; empty: none
  std::string waiting;       // while there is no run: why, in the kubelet's words
};

// Those that run before the pod's own (sidecars among them), its own, and ephemeral ones, in this
// order, as `kubectl logs --all-containers` has them.
std::vector<LoggedContainer> logged_containers(const kube::Json& pod);

// The names of the containers in the specification of a pod, or of a workload's pods.
std::vector<std::string> container_names(const kube::Json& pod_spec);

// "pod/web-1, container app"
std::string to_string(const LoggedContainer& container);

}  // namespace ferry::logs
