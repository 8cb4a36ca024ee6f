// Kubernetes objects for tests, as small as they can be.
#pragma once

#include <string>
#include <vector>

#include "kube/api.h"

namespace ferry::testing {

inline kube::Json make_service(const std::string& name, int port, const kube::Json& target_port) {
  auto service = kube::Json::parse(R"({"metadata": {"namespace": "default"},
    "spec": {"clusterIP": "10.96.0.10", "ports": [{"name": "http", "protocol": "TCP"}]}})");
  service["metadata"]["name"] = name;
  service["spec"]["selector"]["app"] = name;
  service["spec"]["ports"][0]["port"] = port;
  service["spec"]["ports"][0]["targetPort"] = target_port;
  return service;
}

inline kube::Json make_slice(const std::string& service, int port,
                             const std::vector<std::string>& pods) {
  auto slice = kube::Json::parse(R"({"addressType": "IPv4",
    "ports": [{"name": "http", "protocol": "TCP"}], "endpoints": []})");
  slice["metadata"]["name"] = service + "-slice";
  slice["metadata"]["labels"]["kubernetes.io/service-name"] = service;
  slice["ports"][0]["port"] = port;
  for (const auto& pod : pods) {
    auto endpoint = kube::Json::parse(R"({"conditions": {"ready": true},
      "targetRef": {"kind": "Pod"}})");
    endpoint["addresses"][0] = "10.244.0." + std::to_string(slice["endpoints"].size() + 2);
    endpoint["targetRef"]["name"] = pod;
    slice["endpoints"].push_back(std::move(endpoint));
  }
  return slice;
}

inline kube::Json make_pod(const std::string& name, const std::string& app, bool ready) {
  auto pod = kube::Json::parse(R"({"metadata": {"namespace": "default"},
    "spec": {"containers": [{"name": "web", "ports": [
      {"name": "http", "containerPort": 8080},
      {"name": "dns", "containerPort": 53, "protocol": "UDP"}]}]},
    "status": {"phase": "Running", "podIP": "10.244.0.9", "conditions": [{"type": "Ready"}]}})");
  pod["metadata"]["name"] = name;
  pod["metadata"]["labels"]["app"] = app;
  pod["status"]["conditions"][0]["status"] = ready ? "True" : "False";
  return pod;
}

inline kube::Json make_deployment(const std::string& name) {
  kube::Json deployment;
  deployment["metadata"]["name"] = name;
  deployment["spec"]["selector"]["matchLabels"]["app"] = name;
  deployment["spec"]["template"] = make_pod("", name, true);
  return deployment;
}

}  // namespace ferry::testing
