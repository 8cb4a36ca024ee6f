// The few fields of Kubernetes objects that forward links need, read from JSON without trusting it:
// what is absent or of another type reads as its default, numbers out of range as 0.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kube/api.h"

namespace ferry::kube {

// A port given by number, or by the name that containers know it by.
using PortRef = std::variant<std::uint16_t, std::string>;

struct ServicePort {
  std::string name;  // may be empty when there is only one
  std::string protocol = "TCP";
  std::uint16_t port = 0;
  PortRef target_port;  // the API server fills it in with `port`
};

struct Service {
  std::string name;
  std::string ns;
  std::string type = "ClusterIP";  // ClusterIP, NodePort, LoadBalancer, ExternalName
  std::string cluster_ip;          // "None": headless
  std::string external_name;       // of the type ExternalName
  std::map<std::string, std::string> selector;
  std::vector<ServicePort> ports;

  bool headless() const { return cluster_ip == "None"; }
};

struct Endpoint {
  std::vector<std::string> addresses;
  std::string pod;      // empty: not a pod
  bool ready = true;    // absent means true
  bool serving = true;  // absent: as ready
  bool terminating = false;
};

struct EndpointPort {
  std::string name;
  std::uint16_t port = 0;
};

// Everything that all the EndpointSlices of one Service say together.
struct Endpoints {
  struct Member {
    Endpoint endpoint;
    std::vector<EndpointPort> ports;  // those of the endpoint's slice
  };
  std::vector<Member> members;  // an endpoint that is in several slices counts once

  // Where new connections may go: the ready ones, else those that serve while they terminate (as
  // kube-proxy does, KEP-1669).
  std::vector<const Member*> usable() const;
};

struct ContainerPort {
  std::string name;
  std::string protocol = "TCP";
  std::uint16_t port = 0;
};

struct Container {
  std::string name;
  std::string image;
  std::vector<ContainerPort> ports;
  bool ready = false;
  int restarts = 0;
  // What keeps it from running: "ImagePullBackOff", "CrashLoopBackOff"; empty when it runs.
  std::string waiting_reason;
  std::string waiting_message;
  std::string ended;  // "exit code 7 (Error)" when it has ended and isn't waiting; else empty
};

struct Pod {
  std::string name;
  std::string ns;
  std::string uid;
  std::string phase;  // Pending, Running, Succeeded, Failed, Unknown
  std::map<std::string, std::string> labels;
  bool ready = false;                 // condition Ready
  bool terminating = false;           // has a deletionTimestamp
  std::string unschedulable;          // the scheduler's words while no node takes it
  std::vector<Container> containers;  // sidecars that are init containers included

  bool running() const { return phase == "Running" && !terminating; }
  // Why it isn't ready, on one line ("container web: ImagePullBackOff: ..."); empty if ready.
  std::string trouble() const;
};

// A Deployment, StatefulSet, ReplicaSet or DaemonSet.
struct Workload {
  std::string name;
  std::string ns;
  int replicas = 1;  // wanted
  int ready_replicas = 0;
  // "app=web,tier in (a,b)", as list requests take it; matchLabels and matchExpressions. Empty:
  // selects nothing.
  std::string selector;
};

Service parse_service(const Json& object);
Pod parse_pod(const Json& object);
Workload parse_workload(const Json& object);
// `slices`: the objects, not the list object.
Endpoints parse_endpoint_slices(const std::vector<Json>& slices);

// The label selector for EndpointSlices of a Service.
std::string endpoint_slice_selector(std::string_view service_name);
// {app: web} -> "app=web"
std::string to_selector(const std::map<std::string, std::string>& labels);

}  // namespace ferry::kube
