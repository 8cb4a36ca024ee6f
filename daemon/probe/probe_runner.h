// One attempt at a probe: the check itself, against the local process.
//
// What the four checks mean:
// https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#probe-check-methods
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "daemon/probe/probe.h"
#include "daemon/probe/prober.h"
#include "kube/cancel.h"
#include "kube/cluster_config.h"

namespace ferry::daemon {

// What takes the place of the pod.
struct ProbeSurroundings {
  // The container's port -> the local one. A port that isn't in here has the same number locally.
  std::map<std::uint16_t, std::uint16_t> ports;
  // All that the programs of exec probes see; PATH is looked at to find them.
  kube::Environment environment;
  std::string kubernetes_version =
      "1";  // "1.33" where it is known, as the kubelet's User-Agent has it
};

// Blocks, up to the probe's timeout, or until it is cancelled (then kUnknown). A check that names
// no host goes to 127.0.0.1, or to ::1 where nothing listens there; one that does goes to that
// host, from here, with its port as it is.
ProbeOutcome run_probe(const Probe& probe, const ProbeSurroundings& surroundings,
                       const kube::CancelToken& cancel);

}  // namespace ferry::daemon
