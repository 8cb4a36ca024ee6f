#include "kube/swap/expose.h"

#include <algorithm>
#include <optional>

#include "base/suggest.h"
#include "kube/json_field.h"
#include "kube/swap/problems.h"
#include "kube/target.h"
#include "kube/text.h"

namespace ferry::swap {
namespace {

using kube::Json;

const Json& pod_of(const Json& pod_template) { return kube::field(pod_template, "spec"); }

std::string name_of_container(const Json& container) { return kube::text_field(container, "name"); }

std::vector<std::string> names(const Json& pod, const char* list) {
  std::vector<std::string> all;
  for (const Json& container : kube::array_field(pod, list)) {
    all.push_back(name_of_container(container));
  }
  return all;
}

const Json* find_container(const Json& pod, const char* list, const std::string& name) {
  for (const Json& container : kube::array_field(pod, list)) {
    if (name_of_container(container) == name) return &container;
  }
  return nullptr;
}

bool is_tcp(const Json& port) {
  const std::string protocol = kube::text_field(port, "protocol");
  return protocol.empty() || protocol == "TCP";
}

// The one container that declares a port; null if none or several do.
const Json* only_one_with_ports(const Json& pod) {
  const Json* found = nullptr;
  for (const Json& container : kube::array_field(pod, "containers")) {
    if (kube::array_field(container, "ports").empty()) continue;
    if (found != nullptr) return nullptr;
    found = &container;
  }
  return found;
}

Result<Json> container_called(const Json& pod, const std::string& name) {
  const std::string what = "choosing the container " + name;
  if (const Json* found = find_container(pod, "containers", name)) return *found;
  if (find_container(pod, "initContainers", name) != nullptr) {
    return fail(problem::kContainerIsInit, what, "it is an init container",
                "only one that runs beside the others can be stood in for: " +
                    kube::enumerate(names(pod, "containers"), "none"));
  }
  return fail(problem::kContainerUnknown, what, "there is no such container",
              with_hint(did_you_mean(name, names(pod, "containers")),
                        "there are: " + kube::enumerate(names(pod, "containers"), "none")));
}

const Json* declared(const Json& container, const kube::PortRef& wanted) {
  const auto* number = std::get_if<std::uint16_t>(&wanted);
  for (const Json& port : kube::array_field(container, "ports")) {
    if (number != nullptr ? kube::port_field(port, "containerPort") == *number
                          : kube::text_field(port, "name") == std::get<std::string>(wanted)) {
      return &port;
    }
  }
  return nullptr;
}

std::vector<std::string> ports_of(const Json& container) {
  std::vector<std::string> all;
  for (const Json& port : kube::array_field(container, "ports")) {
    const std::string name = kube::text_field(port, "name");
    all.push_back(std::to_string(kube::port_field(port, "containerPort")) +
                  (name.empty() ? "" : " (" + name + ")") +
                  (is_tcp(port) ? "" : "/" + kube::text_field(port, "protocol")));
  }
  return all;
}

std::vector<std::string> port_names(const Json& container) {
  std::vector<std::string> all;
  for (const Json& port : kube::array_field(container, "ports")) {
    if (is_tcp(port)) all.push_back(kube::text_field(port, "name"));
  }
  return all;
}

// The other container of the pod that has this port; sidecars among the init containers included.
std::optional<std::string> taken_by(const Json& pod, const std::string& chosen,
                                    std::uint16_t number) {
  for (const char* list : {"containers", "initContainers"}) {
    for (const Json& container : kube::array_field(pod, list)) {
      if (name_of_container(container) == chosen) continue;
      const Json* port = declared(container, number);
      if (port != nullptr && is_tcp(*port)) return name_of_container(container);
    }
  }
  return std::nullopt;
}

Result<std::uint16_t> resolve(const Json& container, const kube::PortRef& wanted,
                              std::vector<Error>& warnings) {
  const std::string what =
      "exposing port " + kube::to_string(wanted) + " of container " + name_of_container(container);
  const std::string there = kube::enumerate(ports_of(container), "none");
  const Json* port = declared(container, wanted);
  if (port != nullptr && is_tcp(*port)) return kube::port_field(*port, "containerPort");
  if (port != nullptr) {
    return fail(problem::kPortNotTcp, what,
                "it is a " + kube::text_field(*port, "protocol") + " port",
                "only TCP can be exposed; its ports are: " + there);
  }
  const auto* number = std::get_if<std::uint16_t>(&wanted);
  if (number == nullptr) {
    return fail(problem::kPortUnknown, what, "there is no port of that name",
                with_hint(did_you_mean(kube::to_string(wanted), port_names(container)),
                          "its ports are: " + there));
  }
  warnings.push_back(Error{problem::kPortUndeclared, what,
                           "the container doesn't declare it (it declares " + there + ")",
                           "it is exposed all the same; check the number if nothing arrives"});
  return *number;
}

std::vector<ExposeRequest> wishes(const Json& container, const SwapRequest& request) {
  if (!request.expose.empty()) return request.expose;
  std::vector<ExposeRequest> all;
  for (const Json& port : kube::array_field(container, "ports")) {
    const std::uint16_t number = kube::port_field(port, "containerPort");
    if (is_tcp(port) && number != 0) all.push_back({.local = number, .remote = {}});
  }
  return all;
}

}  // namespace

Result<Json> choose_container(const Json& pod_template, const std::string& wanted) {
  const Json& pod = pod_of(pod_template);
  if (!wanted.empty()) return container_called(pod, wanted);
  const auto& containers = kube::array_field(pod, "containers");
  if (containers.size() == 1) return containers.front();
  const std::string marked =
      kube::text_field(kube::field(kube::field(pod_template, "metadata"), "annotations"),
                       "kubectl.kubernetes.io/default-container");
  if (const Json* found = find_container(pod, "containers", marked)) return *found;
  if (const Json* found = only_one_with_ports(pod)) return *found;
  return fail(problem::kContainerAmbiguous, "choosing the container", "there are several",
              "say which (NAME:CONTAINER): " + kube::enumerate(names(pod, "containers"), "none"));
}

Result<ExposePlan> choose_ports(const Json& pod_template, const Json& container,
                                const SwapRequest& request) {
  ExposePlan plan;
  const std::string chosen = name_of_container(container);
  for (const ExposeRequest& wish : wishes(container, request)) {
    const kube::PortRef wanted = wish.remote.value_or(kube::PortRef(wish.local));
    const auto number = resolve(container, wanted, plan.warnings);
    if (!number) return fail(number.error());
    const std::string what = "exposing port " + std::to_string(*number) + " of container " + chosen;
    if (const auto other = taken_by(pod_of(pod_template), chosen, *number)) {
      return fail(problem::kPortOfAnother, what, "container " + *other + " of the same pod has it",
                  "swap that container (NAME:" + *other + "), or expose another port");
    }
    const bool twice = std::any_of(plan.ports.begin(), plan.ports.end(),
                                   [&](const Exposed& port) { return port.remote == *number; });
    if (twice) {
      return fail(problem::kPortTwice, what, "it is exposed twice",
                  "each port of the container can go to one local port only");
    }
    plan.ports.push_back({wish.local, *number});
  }
  if (plan.ports.empty()) {
    return fail(problem::kNoPort, "exposing ports of container " + chosen,
                "it declares no TCP port, and none was named", "name one: --expose LOCAL:REMOTE");
  }
  return plan;
}

std::uint16_t free_port(const Json& pod_template, const std::vector<Exposed>& exposed,
                        std::uint16_t wanted, std::uint16_t other) {
  for (std::uint16_t port = wanted;; ++port) {
    const bool is_exposed = std::any_of(exposed.begin(), exposed.end(),
                                        [&](const Exposed& one) { return one.remote == port; });
    if (port != other && !is_exposed && !taken_by(pod_of(pod_template), "", port)) return port;
  }
}

}  // namespace ferry::swap
