// The daemon's status as Prometheus text (exposition format 0.0.4).
#pragma once

#include <string>

#include "daemon/control/api.h"

namespace ferry::control {

std::string prometheus_text(const DaemonStatus& status);

}  // namespace ferry::control
