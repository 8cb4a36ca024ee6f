#include "kube/target.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/suggest.h"
#include "kube/problems.h"
#include "kube/text.h"

namespace ferry::kube {
namespace {

struct KindNames {
  TargetKind kind;
  std::string_view shortest;
  std::string_view singular;
  std::string_view plural;
  std::string_view group;
};

constexpr std::array<KindNames, 6> kKinds{{
    {TargetKind::kPod, "pod", "po", "pods", ""},
    {TargetKind::kService, "svc", "service", "services", ""},
    {TargetKind::kDeployment, "deploy", "deployment", "deployments", "apps"},
    {TargetKind::kStatefulSet, "sts", "statefulset", "statefulsets", "apps"},
    {TargetKind::kReplicaSet, "rs", "replicaset", "replicasets", "apps"},
    {TargetKind::kHost, "host", "host", "host", ""},
}};

constexpr const char* kKindsText =
    "use svc/NAME, deploy/NAME, sts/NAME, rs/NAME, pod/NAME, or host/NAME for anything else that "
    "the cluster can reach";

std::optional<TargetKind> kind_of(std::string_view text) {
  const std::string lower = to_lower(text);
  for (const auto& names : kKinds) {
    std::string_view word = lower;
    // "deployments.apps", "deployments.v1.apps"
    if (!names.group.empty() && word.ends_with("." + std::string(names.group))) {
      word = word.substr(0, word.find('.'));
    }
    if (word == names.shortest || word == names.singular || word == names.plural) {
      return names.kind;
    }
  }
  return std::nullopt;
}

// DNS names and addresses; a path or a blank in it is a slip of the user's.
bool plausible_name(std::string_view name) {
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == ':';
  });
}

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_port_name(std::string_view text) {
  const bool letter =
      std::any_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  const bool fits = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  return fits && letter && text.size() <= 15 && text.front() != '-' && text.back() != '-';
}

std::string list_ports(const Service& service) {
  std::vector<std::string> ports;
  for (const auto& port : service.ports) {
    std::string text = std::to_string(port.port);
    if (!port.name.empty()) text += " (" + port.name + ")";
    if (port.protocol != "TCP") text += "/" + port.protocol;
    ports.push_back(std::move(text));
  }
  return enumerate(ports, "none");
}

// The port of that name which may have been meant; a number has no slips that could be told.
std::string hint_of(const PortRef& wanted, const std::vector<std::string>& names) {
  const auto* name = std::get_if<std::string>(&wanted);
  return name == nullptr ? std::string() : did_you_mean(*name, names);
}

bool matches(const ServicePort& port, const PortRef& wanted) {
  const auto* number = std::get_if<std::uint16_t>(&wanted);
  return number != nullptr ? port.port == *number : port.name == std::get<std::string>(wanted);
}

}  // namespace

Result<Target> parse_target(std::string_view text) {
  const std::string what = "reading the target '" + std::string(text) + "'";
  const auto slash = text.find('/');
  Target target;
  if (slash == std::string_view::npos) {
    target.name = text;
  } else {
    const auto kind = kind_of(text.substr(0, slash));
    if (!kind) {
      return fail(problem::kTargetInvalid, what,
                  "'" + std::string(text.substr(0, slash)) + "' is not a kind to forward to",
                  kKindsText);
    }
    target.kind = *kind;
    target.name = text.substr(slash + 1);
  }
  if (!plausible_name(target.name)) {
    return fail(problem::kTargetInvalid, what,
                target.name.empty() ? "the name is missing" : "that is not a name", kKindsText);
  }
  return target;
}

const Resource& resource_of(TargetKind kind) {
  switch (kind) {
    case TargetKind::kService: return kServices;
    case TargetKind::kDeployment: return kDeployments;
    case TargetKind::kStatefulSet: return kStatefulSets;
    case TargetKind::kReplicaSet: return kReplicaSets;
    case TargetKind::kPod:
    case TargetKind::kHost: break;
  }
  return kPods;
}

std::string to_string(const Target& target) {
  for (const auto& names : kKinds) {
    if (names.kind == target.kind) return std::string(names.shortest) + "/" + target.name;
  }
  return target.name;
}

Result<PortRef> parse_port(std::string_view text) {
  if (is_port_name(text)) return PortRef(std::string(text));
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = is_number(text) && error == std::errc{} && end == text.data() + text.size();
  if (whole && value >= 1 && value <= 65535) return PortRef(static_cast<std::uint16_t>(value));
  return fail(problem::kPortInvalid, "reading the port '" + std::string(text) + "'",
              is_number(text) ? "out of range" : "neither a number nor a port's name",
              "give a number from 1 to 65535, or a name of at most 15 lower-case letters, digits "
              "and hyphens");
}

std::string to_string(const PortRef& port) {
  const auto* number = std::get_if<std::uint16_t>(&port);
  return number != nullptr ? std::to_string(*number) : std::get<std::string>(port);
}

Result<ServicePort> find_service_port(const Service& service, const PortRef& wanted) {
  const std::string what = "looking up port " + to_string(wanted) + " of service " + service.name +
                           " in namespace " + service.ns;
  const ServicePort* other_protocol = nullptr;
  std::vector<std::string> names;
  for (const auto& port : service.ports) {
    if (port.protocol == "TCP" && !port.name.empty()) names.push_back(port.name);
    if (!matches(port, wanted)) continue;
    if (port.protocol == "TCP") return port;
    other_protocol = &port;
  }
  if (other_protocol != nullptr) {
    return fail(problem::kPortNotTcp, what, "it is a " + other_protocol->protocol + " port",
                "only TCP can be forwarded; its ports are: " + list_ports(service));
  }
  return fail(problem::kPortUnknown, what, "there is no such port",
              with_hint(hint_of(wanted, names), "its ports are: " + list_ports(service)));
}

Result<std::uint16_t> resolve_container_port(const Pod& pod, const PortRef& target_port) {
  if (const auto* number = std::get_if<std::uint16_t>(&target_port)) return *number;
  const std::string& name = std::get<std::string>(target_port);
  std::vector<std::string> names;
  for (const auto& container : pod.containers) {
    for (const auto& port : container.ports) {
      if (port.protocol != "TCP") continue;
      if (port.name == name && port.port != 0) return port.port;
      if (!port.name.empty()) names.push_back(port.name);
    }
  }
  return fail(
      problem::kPortUnknown,
      "looking up port '" + name + "' of pod " + pod.name + " in namespace " + pod.ns,
      "no container has a TCP port of that name",
      with_hint(did_you_mean(name, names), "its named ports are: " + enumerate(names, "none")));
}

Status check_forwardable(const Service& service, const Endpoints& endpoints) {
  const std::string what = "forwarding to service " + service.name + " in namespace " + service.ns;
  if (service.type == "ExternalName") {
    return fail(problem::kExternalName, what,
                "it is an ExternalName: a DNS alias of " + service.external_name + ", no pods",
                "forward to host/" + service.external_name);
  }
  if (!endpoints.usable().empty()) return {};
  if (service.selector.empty()) {
    return fail(problem::kNoEndpoints, what, "it has no selector, and nobody gave it endpoints",
                "add a selector, or EndpointSlices by hand");
  }
  const std::string selector = to_selector(service.selector);
  return fail(problem::kNoReadyPods, what,
              endpoints.members.empty() ? "no pod matches its selector " + selector
                                        : "none of its pods is ready",
              "look at its pods: kubectl get pods -n " + service.ns + " -l " + selector);
}

}  // namespace ferry::kube
