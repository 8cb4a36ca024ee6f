// What clients ask about things that don't work.
#pragma once

#include <functional>
#include <vector>

#include "daemon/backend.h"
#include "kube/cancel.h"
#include "kube/diagnose/diagnose.h"
#include "kube/target.h"

namespace ferry::daemon {

kube::Target kube_target(const control::Target& target);

// Tries doors in the cluster, and waits for what comes of it.
using TryDoors = std::function<std::vector<diagnose::Knock>(const Cluster& cluster,
                                                            std::vector<diagnose::Door> doors)>;

// As of control::Service, for a target. Where nothing else explains why it shouldn't work, its
// doors are tried. Blocks, on the thread of whoever asks.
Result<diagnose::Report> diagnose_target(Backend& backend, const control::KubeAccess& kube,
                                         const control::Target& target, const TryDoors& try_doors,
                                         const kube::CancelToken& cancel);

// A link, with what it needs to be looked at.
struct LinkPlace {
  control::LinkStatus link;
  control::KubeAccess kube;
  std::vector<control::TunnelStatus> tunnels;  // all there are
};

// What is wrong on this side, then what is wrong with what it leads to: the target, or of a swap
// the stand-in. Blocks likewise.
diagnose::Report diagnose_link(Backend& backend, const LinkPlace& place,
                               const kube::CancelToken& cancel);

control::Diagnosis for_clients(diagnose::Report report);

}  // namespace ferry::daemon
