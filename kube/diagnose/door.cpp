#include "kube/diagnose/door.h"

#include <algorithm>
#include <utility>

#include "kube/json_field.h"
#include "kube/model.h"
#include "kube/target.h"

namespace ferry::diagnose {
namespace {

using kube::Json;

constexpr std::size_t kPods = 2;   // the others are alike
constexpr std::size_t kPorts = 8;  // of each

// Calls visit(pod, address) for the ready ones.
template <typename Visit>
void each_ready(const std::vector<Json>& pods, Visit visit) {
  std::size_t count = 0;
  for (const Json& object : pods) {
    const auto pod = kube::parse_pod(object);
    const auto address = kube::text_field(kube::field(object, "status"), "podIP");
    if (!pod.ready || pod.terminating || address.empty()) continue;
    if (++count > kPods) return;
    visit(pod, address);
  }
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
    each_ready(pods, [&](const kube::Pod& pod, const std::string& address) {
      const auto number = kube::resolve_container_port(pod, port.target_port);
      if (number) doors.push_back({"pod/" + pod.name, pod.name, address, *number});
    });
    // The cluster's domain comes from the search list of whoever asks.
    if (!service.headless() && service.type != "ExternalName") {
      doors.push_back(
          {"svc/" + service.name, {}, service.name + "." + service.ns + ".svc", port.port});
    }
  }
  return doors;
}

std::vector<Door> pod_doors(const std::vector<Json>& pods) {
  std::vector<Door> doors;
  each_ready(pods, [&](const kube::Pod& pod, const std::string& address) {
    std::size_t ports = 0;
    for (const auto& container : pod.containers) {
      for (const auto& port : container.ports) {
        if (port.protocol != "TCP" || ++ports > kPorts) continue;
        doors.push_back({"pod/" + pod.name, pod.name, address, port.port});
      }
    }
  });
  return doors;
}

std::vector<Finding> door_findings(const std::vector<Knock>& knocks) {
  std::vector<Finding> findings;
  for (const Knock& knock : knocks) {
    if (knock.state != DoorState::kOpen && !knock.door.pod.empty()) {
      findings.push_back(closed_pod(knock));
    }
  }
  if (findings.empty()) {
    for (const Knock& knock : knocks) {
      if (knock.state != DoorState::kOpen) findings.push_back(closed_service(knock));
    }
  }
  return told_once(std::move(findings));
}

}  // namespace ferry::diagnose
