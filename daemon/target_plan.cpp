#include "daemon/problems.h"
#include "daemon/target.h"
#include "kube/problems.h"

#include <algorithm>
#include <utility>

#include "kube/object_names.h"

namespace ferry::daemon {
namespace {

using control::TargetKind;
using Ports = std::vector<control::PortSpec>;

kube::PortRef to_kube(const control::PortRef& port) {
  if (port.number != 0) return port.number;
  return port.name;
}

std::uint16_t number_of(const kube::PortRef& port) {
  const auto* number = std::get_if<std::uint16_t>(&port);
  return number == nullptr ? std::uint16_t{0} : *number;
}

Error about(const TargetPlan& plan, Error error) {
  if (error.what.empty()) error.what = "forwarding to " + plan.name + " in " + plan.ns;
  return error;
}

Result<std::vector<PlannedPort>> numbered_ports(const TargetPlan& plan, const Ports& ports) {
  std::vector<PlannedPort> planned;
  for (const auto& port : ports) {
    if (port.remote.number == 0) {
      return fail(problem::kPortNumberUnknown, "forwarding to " + plan.name,
                  "nothing tells the number of port '" + port.remote.name + "'",
                  "give the port by number");
    }
    planned.push_back({.remote = port.remote.number, .target = port.remote.number});
  }
  return planned;
}

// --- Services ------------------------------------------------------------------------------------

std::string dns_name(const TargetPlan& plan, const std::string& service) {
  // The cluster's domain comes from the search list of the proxy's pod.
  return service + "." + plan.ns + ".svc";
}

Result<TargetPlan> plan_external_name(TargetPlan plan, const kube::Service& service,
                                      const Ports& ports) {
  auto planned = numbered_ports(plan, ports);
  if (!planned) return fail(planned.error());
  plan.ports = std::move(*planned);
  plan.dial_host = service.external_name;
  plan.needs_proxy = "it is of the type ExternalName (" + service.external_name + ")";
  return plan;
}

Result<TargetPlan> plan_service(kube::Api& api, TargetPlan plan, const std::string& name,
                                const Ports& ports, const kube::CancelToken& cancel) {
  const auto object = kube::get_named(api, kube::kServices, plan.ns, name, cancel);
  if (!object) return fail(about(plan, object.error()));
  const auto service = kube::parse_service(*object);
  if (service.type == "ExternalName") return plan_external_name(std::move(plan), service, ports);
  for (const auto& port : ports) {
    const auto found = kube::find_service_port(service, to_kube(port.remote));
    if (!found) return fail(about(plan, found.error()));
    plan.ports.push_back({.remote = found->port,
                          .target = number_of(found->target_port),
                          .slice_name = found->name});
  }
  plan.follow = TargetPlan::Follow::kEndpointSlices;
  plan.selectors.labels = kube::endpoint_slice_selector(name);
  plan.pod_selector = kube::to_selector(service.selector);
  // A headless Service has no address that maps its ports to target ports.
  if (!service.headless()) plan.dial_host = dns_name(plan, name);
  if (!service.selector.empty()) return plan;

  plan.needs_proxy = "it has no selector, so there are no pods to forward to";
  const auto slices = api.list(kube::kEndpointSlices, plan.ns, plan.selectors, cancel);
  if (!slices) return fail(about(plan, slices.error()));
  const auto usable = kube::check_forwardable(service, kube::parse_endpoint_slices(slices->items));
  if (!usable) return fail(about(plan, usable.error()));
  return plan;
}

// --- workloads and pods --------------------------------------------------------------------------

// A port that is declared for UDP or SCTP only can't be meant.
Status check_protocol(const kube::Pod& pod, const kube::PortRef& wanted) {
  std::string other;
  for (const auto& container : pod.containers) {
    for (const auto& port : container.ports) {
      if (kube::PortRef(port.port) != wanted && kube::PortRef(port.name) != wanted) continue;
      if (port.protocol == "TCP") return {};
      other = port.protocol;
    }
  }
  if (other.empty()) return {};
  return fail(kube::problem::kPortNotTcp, {},
              "port " + kube::to_string(wanted) + " is a " + other + " port",
              "only TCP can be forwarded");
}

Status plan_pod_ports(TargetPlan& plan, const kube::Pod& pod, const Ports& ports) {
  for (const auto& port : ports) {
    const auto wanted = to_kube(port.remote);
    if (auto checked = check_protocol(pod, wanted); !checked) {
      return fail(about(plan, checked.error()));
    }
    const auto number = kube::resolve_container_port(pod, wanted);
    if (!number) return fail(about(plan, number.error()));
    plan.ports.push_back({.remote = *number, .target = *number, .container = wanted});
  }
  plan.follow = TargetPlan::Follow::kPods;
  return {};
}

Result<TargetPlan> plan_pod(kube::Api& api, TargetPlan plan, const std::string& name,
                            const Ports& ports, const kube::CancelToken& cancel) {
  const auto object = kube::get_named(api, kube::kPods, plan.ns, name, cancel);
  if (!object) return fail(about(plan, object.error()));
  const auto pod = kube::parse_pod(*object);
  if (pod.phase == "Succeeded" || pod.phase == "Failed") {
    return fail(problem::kPodEnded, "forwarding to " + plan.name + " in " + plan.ns,
                "the pod has ended (phase " + pod.phase + ")", "choose a running pod");
  }
  if (auto planned = plan_pod_ports(plan, pod, ports); !planned) return fail(planned.error());
  plan.selectors.fields = "metadata.name=" + name;
  plan.running_is_ready = true;
  return plan;
}

Result<TargetPlan> plan_workload(kube::Api& api, TargetPlan plan, const kube::Resource& resource,
                                 const std::string& name, const Ports& ports,
                                 const kube::CancelToken& cancel) {
  const auto object = kube::get_named(api, resource, plan.ns, name, cancel);
  if (!object) return fail(about(plan, object.error()));
  // Its ports are those of its template, whether there are pods now or not.
  static const kube::Json::json_pointer kTemplate("/spec/template");
  const auto pod =
      kube::parse_pod(object->contains(kTemplate) ? object->at(kTemplate) : kube::Json::object());
  if (auto planned = plan_pod_ports(plan, pod, ports); !planned) return fail(planned.error());
  plan.selectors.labels = kube::parse_workload(*object).selector;
  plan.pod_selector = plan.selectors.labels;
  return plan;
}

TargetPlan plan_host(TargetPlan plan, const std::string& name, std::vector<PlannedPort> ports) {
  plan.ports = std::move(ports);
  plan.dial_host = name;
  plan.needs_proxy = "only the proxy can reach a host";
  return plan;
}

}  // namespace

Result<TargetPlan> plan_target(kube::Api& api, const std::string& ns, const control::Target& target,
                               const Ports& ports, const kube::CancelToken& cancel) {
  TargetPlan plan{.name = to_string(target), .ns = ns};
  switch (target.kind) {
    case TargetKind::kService: return plan_service(api, plan, target.name, ports, cancel);
    case TargetKind::kPod: return plan_pod(api, plan, target.name, ports, cancel);
    case TargetKind::kDeployment:
      return plan_workload(api, plan, kube::kDeployments, target.name, ports, cancel);
    case TargetKind::kStatefulSet:
      return plan_workload(api, plan, kube::kStatefulSets, target.name, ports, cancel);
    case TargetKind::kReplicaSet:
      return plan_workload(api, plan, kube::kReplicaSets, target.name, ports, cancel);
    case TargetKind::kHost: break;
  }
  return plan_without_cluster(ns, target, ports);
}

Result<TargetPlan> plan_without_cluster(const std::string& ns, const control::Target& target,
                                        const Ports& ports) {
  TargetPlan plan{.name = to_string(target), .ns = ns};
  if (target.kind != TargetKind::kHost && target.kind != TargetKind::kService) {
    return fail(problem::kPodsUnknown, "forwarding to " + plan.name,
                "its pods can't be found without asking the API server",
                "with --proxy-addr, use svc/NAME or host/NAME");
  }
  auto planned = numbered_ports(plan, ports);
  if (!planned) return fail(planned.error());
  const bool host = target.kind == TargetKind::kHost;
  const std::string name = host ? target.name : dns_name(plan, target.name);
  return plan_host(std::move(plan), name, std::move(*planned));
}

}  // namespace ferry::daemon
