// The daemon's own environment, for what was made by a client whose environment is no longer known.
#pragma once

#include "kube/cluster_config.h"

namespace ferry::daemon {

kube::Environment own_environment();

}  // namespace ferry::daemon
