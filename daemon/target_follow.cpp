#include "daemon/target.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "kube/follow.h"

namespace ferry::daemon {
namespace {

std::string pod_address(const kube::Json& pod) {
  static const kube::Json::json_pointer kPath("/status/podIP");
  if (!pod.contains(kPath) || !pod.at(kPath).is_string()) return {};
  return pod.at(kPath).get<std::string>();
}

// One line on why none of these pods is ready.
std::string explain(const std::vector<kube::Pod>& pods, const std::string& selector) {
  if (pods.empty()) {
    return selector.empty() ? std::string("there is no such pod") : "no pod matches " + selector;
  }
  const std::string count = "none of " + std::to_string(pods.size()) + " pods is ready: ";
  for (const auto& pod : pods) {
    if (!pod.trouble().empty()) return count + "pod/" + pod.name + ": " + pod.trouble();
  }
  return count + "pod/" + pods.front().name + " is " +
         (pods.front().terminating ? std::string("terminating") : pods.front().phase);
}

// --- pods ----------------------------------------------------------------------------------------

TargetView view_of_pods(const TargetPlan& plan, const kube::Objects& objects) {
  TargetView view;
  std::vector<kube::Pod> unready;
  for (const auto& [name, object] : objects) {
    auto pod = kube::parse_pod(object);
    const bool usable = pod.running() && (pod.ready || plan.running_is_ready);
    if (!usable) {
      unready.push_back(std::move(pod));
      continue;
    }
    ReadyPod ready{.name = name, .address = pod_address(object)};
    for (const auto& port : plan.ports) {
      ready.ports.push_back(
          kube::resolve_container_port(pod, port.container).value_or(std::uint16_t{0}));
    }
    view.pods.push_back(std::move(ready));
  }
  if (view.pods.empty()) view.trouble = explain(unready, plan.pod_selector);
  return view;
}

// --- EndpointSlices ------------------------------------------------------------------------------

std::uint16_t port_named(const std::vector<kube::EndpointPort>& ports, const std::string& name) {
  const auto found =
      std::find_if(ports.begin(), ports.end(), [&](const auto& port) { return port.name == name; });
  return found == ports.end() ? std::uint16_t{0} : found->port;
}

std::string explain_service(kube::Api& api, const TargetPlan& plan,
                            const kube::CancelToken& cancel) {
  if (plan.pod_selector.empty()) return "the Service has no selector and no endpoints";
  const auto list = api.list(kube::kPods, plan.ns, {.labels = plan.pod_selector}, cancel);
  if (!list) return "its pods can't be listed: " + list.error().why;
  std::vector<kube::Pod> pods;
  for (const auto& item : list->items) pods.push_back(kube::parse_pod(item));
  return explain(pods, plan.pod_selector);
}

TargetView view_of_slices(kube::Api& api, const TargetPlan& plan, const kube::Objects& objects,
                          const kube::CancelToken& cancel) {
  std::vector<kube::Json> slices;
  for (const auto& entry : objects) slices.push_back(entry.second);
  const auto endpoints = kube::parse_endpoint_slices(slices);
  TargetView view;
  for (const auto* member : endpoints.usable()) {
    if (member->endpoint.addresses.empty()) continue;
    ReadyPod ready{.name = member->endpoint.pod, .address = member->endpoint.addresses.front()};
    for (const auto& port : plan.ports) {
      ready.ports.push_back(port_named(member->ports, port.slice_name));
    }
    view.pods.push_back(std::move(ready));
  }
  if (view.pods.empty()) view.trouble = explain_service(api, plan, cancel);
  return view;
}

}  // namespace

void follow_target(kube::Api& api, const TargetPlan& plan, const TargetCallbacks& callbacks,
                   const kube::CancelToken& cancel) {
  if (plan.follow == TargetPlan::Follow::kNothing) return;
  const bool slices = plan.follow == TargetPlan::Follow::kEndpointSlices;
  const kube::Followed what{.resource = slices ? kube::kEndpointSlices : kube::kPods,
                            .ns = plan.ns,
                            .selectors = plan.selectors};
  std::optional<TargetView> last;
  kube::follow(api, what,
               {.on_objects =
                    [&](const kube::Objects& objects) {
                      auto view = slices ? view_of_slices(api, plan, objects, cancel)
                                         : view_of_pods(plan, objects);
                      if (last == view) return;
                      last = view;
                      callbacks.on_view(std::move(view));
                    },
                .on_trouble = callbacks.on_trouble},
               cancel);
}

}  // namespace ferry::daemon
