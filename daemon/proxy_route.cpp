#include "daemon/proxy_route.h"

#include <utility>

#include "daemon/problems.h"

namespace ferry::daemon {

ProxyRoute::ProxyRoute(Tunnel& tunnel, control::Route kind, TargetPlan plan)
    : tunnel_(tunnel), kind_(kind), plan_(std::move(plan)) {}

void ProxyRoute::carry(std::size_t port, std::unique_ptr<net::ByteStream> local,
                       ConnectionObserver& observer) {
  const auto target = next_target(port);
  if (target.host.empty()) {
    local->reset();
    observer.on_ended(port, {.error = Error{problem::kNoReadyPod,
                                            "connecting to " + plan_.name,
                                            "no pod is ready: " + view_.trouble,
                                            {}}});
    return;
  }
  tunnel_.carry(target, std::move(local), port, observer);
}

void ProxyRoute::forget(const ConnectionObserver& observer) { tunnel_.forget(observer); }

OpenTraffic ProxyRoute::traffic(const ConnectionObserver& observer) const {
  return tunnel_.traffic(observer);
}

std::string ProxyRoute::blocked() const {
  if (tunnel_.ready()) return {};
  const auto status = tunnel_.status();
  const std::string where = status.peer.empty() ? std::string("the proxy") : status.peer;
  return (tunnel_.ever_ready() ? "reconnecting to " : "connecting to ") + where +
         (status.reason.empty() ? std::string() : " (" + status.reason + ")");
}

tunnel::Target ProxyRoute::next_target(std::size_t port) {
  if (!plan_.dial_host.empty()) return {plan_.dial_host, plan_.ports[port].remote};
  for (std::size_t tries = 0; tries < view_.pods.size(); ++tries) {
    const ReadyPod& pod = view_.pods[turn_++ % view_.pods.size()];
    if (pod.ports[port] != 0) return {pod.address, pod.ports[port]};
  }
  return {};
}

}  // namespace ferry::daemon
