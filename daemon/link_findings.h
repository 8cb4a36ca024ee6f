// What is wrong with a link on this side: its tunnel, its local ports, the local process.
#pragma once

#include <vector>

#include "daemon/control/api.h"
#include "kube/diagnose/finding.h"

namespace ferry::daemon {

// The likeliest cause first. `tunnels`: all there are. Empty: it is active.
std::vector<diagnose::Finding> link_findings(const control::LinkStatus& link,
                                             const std::vector<control::TunnelStatus>& tunnels);

}  // namespace ferry::daemon
