#include "kube/diagnose/door.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "kube/json_field.h"
#include "kube/model.h"
#include "kube/target.h"

namespace ferry::diagnose {
namespace {

using kube::Json;

constexpr std::size_t kPods = 2;   // the others are alike
constexpr std::size_t kPorts = 8;  // of each

// Calls visit(object, pod, address) for the ready ones.
template <typename Visit>
void each_ready(const std::vector<Json>& pods, Visit visit) {
  std::size_t count = 0;
  for (const Json& object : pods) {
    const auto pod = kube::parse_pod(object);
    const auto address = kube::text_field(kube::field(object, "status"), "podIP");
    if (!pod.ready || pod.terminating || address.empty()) continue;
    if (++count > kPods) return;
    visit(object, pod, address);
  }
}

bool is_called_http(const std::string& name) { return name == "http" || name.starts_with("http-"); }

// A path that can stand in a request.
std::string fitting(const std::string& path) {
  const bool fits =
      path.starts_with('/') && path.size() <= 1024 &&
      std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 127; });
  return fits ? path : "/";
}

// What the probe asks for, if it asks this port; nothing where it does so by TLS.
std::optional<std::string> path_of(const Json& probe, const kube::Pod& pod, std::uint16_t port) {
  const Json& get = kube::field(probe, "httpGet");
  if (!get.is_object()) return std::nullopt;
  const std::string name = kube::text_field(get, "port");
  const auto number = name.empty() ? Result<std::uint16_t>(kube::port_field(get, "port"))
                                   : kube::resolve_container_port(pod, kube::PortRef(name));
  if (!number || *number != port) return std::nullopt;
  return kube::text_field(get, "scheme") == "HTTPS" ? std::string()
                                                    : fitting(kube::text_field(get, "path"));
}

// Of a port of a pod; `name`: what it is called.
std::string http_path(const Json& object, const kube::Pod& pod, std::uint16_t port,
                      const std::string& name) {
  for (const Json& container : kube::array_field(kube::field(object, "spec"), "containers")) {
    for (const char* kind : {"readinessProbe", "livenessProbe", "startupProbe"}) {
      const auto path = path_of(kube::field(container, kind), pod, port);
      if (path) return *path;
    }
  }
  return is_called_http(name) ? "/" : std::string();
}

Finding bad_http(const Knock& knock) {
  return {.code = Code::kHttpFails,
          .object = knock.door.object,
          .cause = "its port " + std::to_string(knock.door.port) +
                   " takes connections, and over HTTP it serves nothing",
          .evidence = {knock.words},
          .fix = "look at what it logs meanwhile: kubectl logs " + knock.door.object};
}

Finding closed_pod(const Knock& knock) {
  const std::string port = std::to_string(knock.door.port);
  Finding finding{.code = Code::kPortNotListening,
                  .object = knock.door.object,
                  .cause = "nothing listens on its port " + port,
                  .evidence = {knock.words},
                  .fix =
                      "compare the port that is asked for with the one that the program listens "
                      "on; one that listens on 127.0.0.1 alone can't be reached either"};
  if (knock.state == DoorState::kRefused) return finding;
  finding.code = Code::kConnectionBlocked;
  finding.cause = "it is ready, and can't be reached on port " + port + " from inside the cluster";
  finding.fix = "does a NetworkPolicy forbid it? kubectl get networkpolicy";
  return finding;
}

Finding closed_service(const Knock& knock) {
  return {.code = Code::kServiceUnreachable,
          .object = knock.door.object,
          .cause = "its port " + std::to_string(knock.door.port) +
                   " does not lead to the pods, which take connections themselves",
          .evidence = {knock.words},
          .fix =
              "see whether the cluster's DNS and its Service proxy are well, and whether a "
              "NetworkPolicy forbids it"};
}

}  // namespace

std::vector<Door> service_doors(const ServiceFacts& facts) {
  const auto service = kube::parse_service(facts.service);
  const auto pods = selected_pods(facts);
  std::vector<Door> doors;
  std::size_t ports = 0;
  for (const auto& port : service.ports) {
    if (port.protocol != "TCP" || ++ports > kPorts) continue;
    each_ready(pods, [&](const Json& object, const kube::Pod& pod, const std::string& address) {
      const auto number = kube::resolve_container_port(pod, port.target_port);
      if (!number) return;
      doors.push_back({"pod/" + pod.name, pod.name, address, *number,
                       http_path(object, pod, *number, port.name)});
    });
    // The cluster's domain comes from the search list of whoever asks.
    if (!service.headless() && service.type != "ExternalName") {
      doors.push_back(
          {"svc/" + service.name, {}, service.name + "." + service.ns + ".svc", port.port, {}});
    }
  }
  return doors;
}

std::vector<Door> pod_doors(const std::vector<Json>& pods) {
  std::vector<Door> doors;
  each_ready(pods, [&](const Json& object, const kube::Pod& pod, const std::string& address) {
    std::size_t ports = 0;
    for (const auto& container : pod.containers) {
      for (const auto& port : container.ports) {
        if (port.protocol != "TCP" || ++ports > kPorts) continue;
        doors.push_back({"pod/" + pod.name, pod.name, address, port.port,
                         http_path(object, pod, port.port, port.name)});
      }
    }
  });
  return doors;
}

std::vector<Finding> door_findings(const std::vector<Knock>& knocks) {
  std::vector<Finding> findings;
  for (const Knock& knock : knocks) {
    if (knock.state == DoorState::kOpen || knock.door.pod.empty()) continue;
    const bool http = knock.state == DoorState::kHttpBad;
    findings.push_back(http ? bad_http(knock) : closed_pod(knock));
  }
  if (findings.empty()) {
    for (const Knock& knock : knocks) {
      if (knock.state != DoorState::kOpen) findings.push_back(closed_service(knock));
    }
  }
  return told_once(std::move(findings));
}

}  // namespace ferry::diagnose
