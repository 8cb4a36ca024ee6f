#include "daemon/direct_route.h"

#include <utility>

#include "daemon/problems.h"

namespace ferry::daemon {

DirectRoute::DirectRoute(net::Loop& loop, std::unique_ptr<PodDialer> dialer, TargetPlan plan,
                         std::size_t max_connections)
    : loop_(loop),
      dialer_(std::move(dialer)),
      plan_(std::move(plan)),
      max_connections_(max_connections) {}

DirectRoute::~DirectRoute() = default;

void DirectRoute::carry(std::size_t port, std::unique_ptr<net::ByteStream> local,
                        ConnectionObserver& observer) {
  if (carried_.size() >= max_connections_) {
    local->reset();
    const std::string why = std::to_string(carried_.size()) + " connections are open already";
    const std::string fix = "use the route through the proxy, which takes more";
    observer.on_ended(port, {.error = Error{problem::kTooManyConnections,
                                            "connecting to " + plan_.name, why, fix}});
    return;
  }
  auto pods = candidates(port);
  if (pods.empty()) {
    local->reset();
    const std::string why =
        view_.pods.empty() ? "no pod is ready: " + view_.trouble : "no ready pod has that port";
    observer.on_ended(
        port, {.error = Error{problem::kNoReadyPod, "connecting to " + plan_.name, why, {}}});
    return;
  }
  auto connection = std::make_unique<DirectConnection>(
      loop_, *dialer_, std::move(pods), std::move(local),
      DirectConnection::Callbacks{
          .on_connected = [&observer, port] { observer.on_connected(port); },
          .on_end = [this](DirectConnection& which,
                           const ConnectionEnd& end) { ended(which, end); }});
  const DirectConnection* key = connection.get();
  carried_.emplace(key, Carried{std::move(connection), &observer, port});
}

void DirectRoute::forget(const ConnectionObserver& observer) {
  for (auto carried = carried_.begin(); carried != carried_.end();) {
    if (carried->second.observer == &observer) {
      loop_.delete_later(std::move(carried->second.connection));
      carried = carried_.erase(carried);
    } else {
      ++carried;
    }
  }
}

OpenTraffic DirectRoute::traffic(const ConnectionObserver& observer) const {
  OpenTraffic sum;
  for (const auto& [connection, carried] : carried_) {
    if (carried.observer != &observer) continue;
    ++sum.connections;
    sum.sent += connection->sent();
    sum.received += connection->received();
  }
  return sum;
}

std::vector<PodPort> DirectRoute::candidates(std::size_t port) {
  std::vector<PodPort> all;
  const std::size_t first = turn_++;
  for (std::size_t i = 0; i < view_.pods.size(); ++i) {
    const ReadyPod& pod = view_.pods[(first + i) % view_.pods.size()];
    if (!pod.name.empty() && pod.ports[port] != 0) all.push_back({pod.name, pod.ports[port]});
  }
  return all;
}

void DirectRoute::ended(DirectConnection& connection, const ConnectionEnd& end) {
  const auto found = carried_.find(&connection);
  if (found == carried_.end()) return;
  Carried carried = std::move(found->second);
  carried_.erase(found);
  loop_.delete_later(std::move(carried.connection));
  carried.observer->on_ended(carried.port, end);
}

}  // namespace ferry::daemon
