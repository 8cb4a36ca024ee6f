// What a user forwards to: TYPE/NAME as kubectl takes it, and ports by number or name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kube/model.h"
#include "kube/resource.h"

namespace ferry::kube {

enum class TargetKind : std::uint8_t {
  kPod,
  kService,
  kDeployment,
  kStatefulSet,
  kReplicaSet,
  kHost,  // any name or address that the cluster can resolve and reach
};

struct Target {
  TargetKind kind = TargetKind::kPod;
  std::string name;

  bool operator==(const Target&) const = default;
};

// "svc/app", "service/app", "deploy/app", "sts/app", "rs/app", "po/app", "host/db.internal"; a bare
// name is a pod, as in kubectl port-forward. Kinds in any case, singular, plural or short, also
// with a group ("deployments.apps/app"). Error: kUsage, naming the kinds.
Result<Target> parse_target(std::string_view text);

// What the API server calls it; a host is none of its objects, and counts as a pod.
const Resource& resource_of(TargetKind kind);

// "svc/app", in the short form.
std::string to_string(const Target& target);

// "8080", or a name of at most 15 characters (RFC 6335: letters, digits, hyphens). Error: kUsage.
Result<PortRef> parse_port(std::string_view text);
std::string to_string(const PortRef& port);

// The port of the Service that `wanted` names, by number or by name. Errors: kNotFound (lists the
// ports there are), kUnsupported (UDP or SCTP).
Result<ServicePort> find_service_port(const Service& service, const PortRef& wanted);

// The number that a Service's target port has in this pod. Error: kNotFound (no container has a
// TCP port of that name; lists those there are).
Result<std::uint16_t> resolve_container_port(const Pod& pod, const PortRef& target_port);

// Whether connections can go through this Service, and if not, why: ExternalName, no selector and
// no endpoints. `what` of the error names the Service. Errors: kUnsupported, kUnavailable.
Status check_forwardable(const Service& service, const Endpoints& endpoints);

}  // namespace ferry::kube
