#include "kube/diagnose/service_findings.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "kube/json_field.h"
#include "kube/model.h"
#include "kube/text.h"

namespace ferry::diagnose {
namespace {

using kube::Json;
using Labels = std::map<std::string, std::string>;

Labels labels_of(const Json& pod) {
  return kube::text_map_field(kube::field(pod, "metadata"), "labels");
}

std::size_t matches(const Labels& selector, const Labels& labels) {
  std::size_t count = 0;
  for (const auto& [key, value] : selector) {
    const auto found = labels.find(key);
    if (found != labels.end() && found->second == value) ++count;
  }
  return count;
}

// How many letters the values have in common, each from its beginning: a slip mostly comes late.
std::size_t likeness(const Labels& selector, const Labels& labels) {
  std::size_t count = 0;
  for (const auto& [key, value] : selector) {
    const auto found = labels.find(key);
    if (found == labels.end()) continue;
    const auto same =
        std::mismatch(value.begin(), value.end(), found->second.begin(), found->second.end());
    count += static_cast<std::size_t>(same.first - value.begin());
  }
  return count;
}

// Its proxies: nobody's Service is meant to select them.
bool is_ferrys(const Labels& labels) {
  const auto found = labels.find("app.kubernetes.io/managed-by");
  return found != labels.end() && found->second == "ferry";
}

Finding finding_at(const kube::Service& service, Code code, std::string cause) {
  return {.code = code,
          .object = "svc/" + service.name,
          .cause = std::move(cause),
          .evidence = {},
          .fix = {}};
}

// The pod that comes nearest to what the selector wants, and where it differs; nothing if none is
// like it at all.
std::vector<std::string> nearest_pod(const Labels& selector, const std::vector<Json>& pods) {
  if (pods.empty()) return {"there are no pods in the namespace"};
  const Json* nearest = nullptr;
  std::pair<std::size_t, std::size_t> most;
  for (const Json& pod : pods) {
    const Labels labels = labels_of(pod);
    if (is_ferrys(labels)) continue;
    const std::pair nearness(matches(selector, labels), likeness(selector, labels));
    if (nearness <= most) continue;
    nearest = &pod;
    most = nearness;
  }
  if (nearest == nullptr) return {};
  const auto pod = kube::parse_pod(*nearest);
  std::vector<std::string> lines;
  for (const auto& [key, value] : selector) {
    const auto found = pod.labels.find(key);
    if (found != pod.labels.end() && found->second == value) continue;
    lines.push_back("pod/" + pod.name + " comes nearest, but has " +
                    (found == pod.labels.end() ? "no label " + key
                                               : key + "=" + found->second + ", not " + value));
  }
  return lines;
}

Finding selects_nothing(const kube::Service& service, const std::vector<Json>& pods) {
  auto finding = finding_at(service, Code::kSelectsNothing, "its selector selects no pod");
  finding.evidence = {"selector: " + kube::to_selector(service.selector)};
  for (auto& line : nearest_pod(service.selector, pods)) {
    finding.evidence.push_back(std::move(line));
  }
  finding.fix = "make the selector and the pods' labels agree; is the workload scaled to 0?";
  return finding;
}

// The TCP ports that the pods declare, as "8080 (http)".
std::set<std::string> declared_ports(const std::vector<Json>& pods) {
  std::set<std::string> ports;
  for (const Json& object : pods) {
    for (const auto& container : kube::parse_pod(object).containers) {
      for (const auto& port : container.ports) {
        if (port.protocol != "TCP") continue;
        ports.insert(std::to_string(port.port) + (port.name.empty() ? "" : " (" + port.name + ")"));
      }
    }
  }
  return ports;
}

bool declares(const std::vector<Json>& pods, const kube::PortRef& wanted) {
  return std::any_of(pods.begin(), pods.end(), [&](const Json& object) {
    for (const auto& container : kube::parse_pod(object).containers) {
      for (const auto& port : container.ports) {
        if (const auto* name = std::get_if<std::string>(&wanted)) {
          if (port.name == *name) return true;
        } else if (port.port == std::get<std::uint16_t>(wanted)) {
          return true;
        }
      }
    }
    return false;
  });
}

std::optional<Finding> port_finding(const kube::Service& service, const kube::ServicePort& port,
                                    const std::vector<Json>& pods) {
  const auto declared = declared_ports(pods);
  if (declares(pods, port.target_port)) return std::nullopt;
  const auto* name = std::get_if<std::string>(&port.target_port);
  if (name == nullptr && declared.empty()) return std::nullopt;  // declaring is up to them
  const std::string target =
      name != nullptr ? *name : std::to_string(std::get<std::uint16_t>(port.target_port));
  auto finding =
      finding_at(service, name != nullptr ? Code::kPortNameUnknown : Code::kPortUndeclared,
                 "its port " + std::to_string(port.port) + " leads to port " + target +
                     " of the pods, which " +
                     (name != nullptr ? "none of them has" : "none of them declares"));
  finding.evidence = {"declared: " +
                      kube::enumerate(std::vector<std::string>(declared.begin(), declared.end()),
                                      "no port at all")};
  finding.fix = name != nullptr ? "name the port so in the pods, or change targetPort"
                                : "a number need not be declared; does anything listen there?";
  return finding;
}

std::optional<Finding> endpoint_finding(const kube::Service& service, const ServiceFacts& facts,
                                        const std::vector<Json>& selected) {
  const auto endpoints = kube::parse_endpoint_slices(facts.slices);
  std::size_t terminating = 0;
  for (const auto& member : endpoints.members) {
    if (member.endpoint.ready) return std::nullopt;
    if (member.endpoint.terminating) ++terminating;
  }
  const bool leaving = terminating > 0 && terminating == endpoints.members.size();
  const auto ready = std::count_if(selected.begin(), selected.end(),
                                   [](const Json& pod) { return kube::parse_pod(pod).ready; });
  const char* cause = ready == 0 ? "none of its pods is ready" : "none of its endpoints is ready";
  auto finding =
      finding_at(service, leaving ? Code::kEndpointsTerminating : Code::kNoReadyEndpoints,
                 leaving ? "all of its pods are ending" : cause);
  finding.evidence = {std::to_string(selected.size()) + (selected.size() == 1 ? " pod" : " pods") +
                      " selected, " + std::to_string(ready) + " ready"};
  if (endpoints.members.empty()) finding.evidence.push_back("its EndpointSlices are empty");
  finding.fix = leaving      ? "new ones have to come: see the workload that makes them"
                : ready == 0 ? "see what is wrong with the pods"
                             : "the pods are ready: look again in some seconds";
  return finding;
}

}  // namespace

std::vector<Json> selected_pods(const ServiceFacts& facts) {
  const auto selector = kube::parse_service(facts.service).selector;
  std::vector<Json> selected;
  if (selector.empty()) return selected;
  for (const Json& pod : facts.pods) {
    if (matches(selector, labels_of(pod)) == selector.size()) selected.push_back(pod);
  }
  return selected;
}

std::vector<Finding> service_findings(const ServiceFacts& facts) {
  const auto service = kube::parse_service(facts.service);
  if (service.type == "ExternalName") {
    auto finding = finding_at(service, Code::kExternalName,
                              "it only stands for a name outside of the "
                              "cluster: " +
                                  service.external_name);
    finding.fix = "ferry forward host/" + service.external_name + " reaches what the pods reach";
    return {finding};
  }
  if (service.selector.empty()) {
    if (!kube::parse_endpoint_slices(facts.slices).usable().empty()) return {};
    auto finding = finding_at(service, Code::kNoSelector,
                              "it has no selector, and nobody has given it "
                              "endpoints");
    finding.fix = "whoever made it has to make its EndpointSlices too, or give it a selector";
    return {finding};
  }
  const auto selected = selected_pods(facts);
  if (selected.empty()) return {selects_nothing(service, facts.pods)};
  std::vector<Finding> findings;
  for (const auto& port : service.ports) {
    if (port.protocol != "TCP") continue;
    if (auto finding = port_finding(service, port, selected))
      findings.push_back(std::move(*finding));
  }
  // Without the port there can be no endpoints, whatever the pods are like.
  const bool portless = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.code == Code::kPortNameUnknown;
  });
  if (portless) return findings;
  if (auto finding = endpoint_finding(service, facts, selected)) {
    findings.push_back(std::move(*finding));
  }
  return findings;
}

}  // namespace ferry::diagnose
