#include "kube/model.h"

#include <algorithm>

#include "kube/json_field.h"

namespace ferry::kube {
namespace {

constexpr std::int64_t kMaxCount = 1'000'000;

int count_field(const Json& object, std::string_view key, int otherwise) {
  return static_cast<int>(int_field(object, key, 0, kMaxCount, otherwise));
}

std::string text_or(const Json& object, std::string_view key, const char* otherwise) {
  auto text = text_field(object, key);
  return text.empty() ? otherwise : text;
}

PortRef port_ref_field(const Json& object, std::string_view key, std::uint16_t otherwise) {
  if (auto name = text_field(object, key); !name.empty()) return name;
  const auto number = port_field(object, key);
  return number == 0 ? otherwise : number;
}

ServicePort parse_service_port(const Json& object) {
  ServicePort port;
  port.name = text_field(object, "name");
  port.protocol = text_or(object, "protocol", "TCP");
  port.port = port_field(object, "port");
  port.target_port = port_ref_field(object, "targetPort", port.port);
  return port;
}

std::vector<ContainerPort> parse_container_ports(const Json& container) {
  std::vector<ContainerPort> ports;
  for (const auto& item : array_field(container, "ports")) {
    ports.push_back({text_field(item, "name"), text_or(item, "protocol", "TCP"),
                     port_field(item, "containerPort")});
  }
  return ports;
}

// Ordinary containers, and init containers that go on running beside them (sidecars, KEP-753).
std::vector<Container> parse_containers(const Json& spec) {
  std::vector<Container> containers;
  const auto add = [&](const Json& item) {
    Container container;
    container.name = text_field(item, "name");
    container.image = text_field(item, "image");
    container.ports = parse_container_ports(item);
    containers.push_back(std::move(container));
  };
  for (const auto& item : array_field(spec, "containers")) add(item);
  for (const auto& item : array_field(spec, "initContainers")) {
    if (text_field(item, "restartPolicy") == "Always") add(item);
  }
  return containers;
}

void apply_statuses(const Json& statuses_owner, std::string_view key,
                    std::vector<Container>& containers) {
  for (const auto& item : array_field(statuses_owner, key)) {
    const auto name = text_field(item, "name");
    const auto found = std::find_if(containers.begin(), containers.end(),
                                    [&](const Container& c) { return c.name == name; });
    if (found == containers.end()) continue;
    found->ready = bool_field(item, "ready", false);
    found->restarts = count_field(item, "restartCount", 0);
    const Json& waiting = field(field(item, "state"), "waiting");
    found->waiting_reason = text_field(waiting, "reason");
    found->waiting_message = text_field(waiting, "message");
    const Json& ended = field(field(item, "state"), "terminated");
    if (ended.is_object()) {
      found->ended = "exit code " + std::to_string(count_field(ended, "exitCode", 0)) + " (" +
                     text_or(ended, "reason", "no reason given") + ")";
    }
  }
}

const Json& condition_of(const Json& status, std::string_view type) {
  for (const auto& item : array_field(status, "conditions")) {
    if (text_field(item, "type") == type) return item;
  }
  return field(status, "");
}

// One requirement of matchExpressions in the form of a list request's labelSelector.
std::string requirement(const Json& expression) {
  auto key = text_field(expression, "key");
  const auto op = text_field(expression, "operator");
  if (op == "Exists") return key;
  if (op == "DoesNotExist") return "!" + key;
  std::string values;
  for (const auto& value : array_field(expression, "values")) {
    if (value.is_string()) values += (values.empty() ? "" : ",") + value.get<std::string>();
  }
  return key + (op == "NotIn" ? " notin (" : " in (") + values + ")";
}

std::string parse_selector(const Json& selector) {
  std::string text = to_selector(text_map_field(selector, "matchLabels"));
  for (const auto& expression : array_field(selector, "matchExpressions")) {
    text += (text.empty() ? "" : ",") + requirement(expression);
  }
  return text;
}

Endpoint parse_endpoint(const Json& object) {
  Endpoint endpoint;
  for (const auto& address : array_field(object, "addresses")) {
    if (address.is_string()) endpoint.addresses.push_back(address.get<std::string>());
  }
  const Json& target = field(object, "targetRef");
  if (text_field(target, "kind") == "Pod") endpoint.pod = text_field(target, "name");
  const Json& conditions = field(object, "conditions");
  endpoint.ready = bool_field(conditions, "ready", true);
  endpoint.serving = bool_field(conditions, "serving", endpoint.ready);
  endpoint.terminating = bool_field(conditions, "terminating", false);
  return endpoint;
}

// A dual-stack Service has a slice for each address family, and while endpoints move from one slice
// to another they are in both.
bool same_member(const Endpoints::Member& member, const Endpoint& endpoint) {
  if (!endpoint.pod.empty()) return member.endpoint.pod == endpoint.pod;
  return member.endpoint.pod.empty() && member.endpoint.addresses == endpoint.addresses;
}

}  // namespace

Service parse_service(const Json& object) {
  const Json& metadata = field(object, "metadata");
  const Json& spec = field(object, "spec");
  Service service;
  service.name = text_field(metadata, "name");
  service.ns = text_field(metadata, "namespace");
  service.type = text_or(spec, "type", "ClusterIP");
  service.cluster_ip = text_field(spec, "clusterIP");
  service.external_name = text_field(spec, "externalName");
  service.selector = text_map_field(spec, "selector");
  for (const auto& port : array_field(spec, "ports")) {
    service.ports.push_back(parse_service_port(port));
  }
  return service;
}

Pod parse_pod(const Json& object) {
  const Json& metadata = field(object, "metadata");
  const Json& status = field(object, "status");
  Pod pod;
  pod.name = text_field(metadata, "name");
  pod.ns = text_field(metadata, "namespace");
  pod.uid = text_field(metadata, "uid");
  pod.labels = text_map_field(metadata, "labels");
  pod.terminating = !text_field(metadata, "deletionTimestamp").empty();
  pod.phase = text_or(status, "phase", "Unknown");
  pod.ready = text_field(condition_of(status, "Ready"), "status") == "True";
  const Json& scheduled = condition_of(status, "PodScheduled");
  if (text_field(scheduled, "status") == "False") {
    pod.unschedulable = text_field(scheduled, "message");
  }
  pod.containers = parse_containers(field(object, "spec"));
  apply_statuses(status, "containerStatuses", pod.containers);
  apply_statuses(status, "initContainerStatuses", pod.containers);
  return pod;
}

Workload parse_workload(const Json& object) {
  const Json& metadata = field(object, "metadata");
  const Json& spec = field(object, "spec");
  Workload workload;
  workload.name = text_field(metadata, "name");
  workload.ns = text_field(metadata, "namespace");
  workload.replicas = count_field(spec, "replicas", 1);
  workload.ready_replicas = count_field(field(object, "status"), "readyReplicas", 0);
  workload.selector = parse_selector(field(spec, "selector"));
  return workload;
}

Endpoints parse_endpoint_slices(const std::vector<Json>& slices) {
  Endpoints all;
  for (const auto& slice : slices) {
    std::vector<EndpointPort> ports;
    for (const auto& port : array_field(slice, "ports")) {
      ports.push_back({text_field(port, "name"), port_field(port, "port")});
    }
    for (const auto& item : array_field(slice, "endpoints")) {
      Endpoint endpoint = parse_endpoint(item);
      const bool known =
          std::any_of(all.members.begin(), all.members.end(),
                      [&](const auto& member) { return same_member(member, endpoint); });
      if (!known) all.members.push_back({std::move(endpoint), ports});
    }
  }
  return all;
}

std::vector<const Endpoints::Member*> Endpoints::usable() const {
  std::vector<const Member*> ready;
  std::vector<const Member*> leaving;
  for (const auto& member : members) {
    if (member.endpoint.ready) ready.push_back(&member);
    if (member.endpoint.serving && member.endpoint.terminating) leaving.push_back(&member);
  }
  return ready.empty() ? leaving : ready;
}

std::string Pod::trouble() const {
  if (terminating) return "it is terminating";
  if (ready) return {};
  for (const auto& container : containers) {
    if (!container.ended.empty()) {
      return "container " + container.name + " has ended: " + container.ended;
    }
    if (container.waiting_reason.empty()) continue;
    std::string text = "container " + container.name + ": " + container.waiting_reason;
    return container.waiting_message.empty() ? text : text + ": " + container.waiting_message;
  }
  if (!unschedulable.empty()) return "no node takes it: " + unschedulable;
  if (phase != "Running") return "its phase is " + phase;
  for (const auto& container : containers) {
    if (!container.ready) return "container " + container.name + " is not ready";
  }
  return "it is not ready";
}

std::string endpoint_slice_selector(std::string_view service_name) {
  return "kubernetes.io/service-name=" + std::string(service_name);
}

std::string to_selector(const std::map<std::string, std::string>& labels) {
  std::string text;
  for (const auto& [key, value] : labels)
    text.append(text.empty() ? "" : ",").append(key).append("=").append(value);
  return text;
}

}  // namespace ferry::kube
