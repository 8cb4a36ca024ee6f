// What a proxy is besides when it runs in the place of a container.
#pragma once

#include "in-cluster-proxy/config.h"
#include "in-cluster-proxy/environment_service.h"
#include "in-cluster-proxy/link_listeners.h"
#include "in-cluster-proxy/orphan_timer.h"

namespace ferry::proxy {

struct StandIn {
  StandIn(net::Loop& loop, const StandInConfig& config, OrphanRestore* restore)
      : links(loop, config.link_addresses),
        environment(loop, config.environment, config.mounts, config.poll_files),
        orphan(loop, {.timeout = config.orphan_timeout}, restore) {}

  LinkListeners links;
  EnvironmentService environment;
  OrphanTimer orphan;
};

}  // namespace ferry::proxy
