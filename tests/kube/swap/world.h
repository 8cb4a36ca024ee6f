// A cluster with a Deployment "web" of three pods behind the Service "web", and somebody who swaps
// it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kube/swap/plan.h"
#include "kube/swap/restore.h"
#include "kube/swap/stand_in.h"
#include "kube/swap/take_over.h"
#include "tests/kube/swap/sim_cluster.h"

namespace ferry::swap {

inline kube::Json web_deployment() {
  return kube::Json::parse(R"({"apiVersion": "apps/v1", "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "demo", "annotations": {"team": "shop"}},
    "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}},
      "template": {"metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "web:1",
          "ports": [{"name": "http", "containerPort": 8080}],
          "env": [{"name": "COLOUR", "value": "blue"}]}]}}}})");
}

inline kube::Json web_service(const std::string& name = "web") {
  auto service = kube::Json::parse(R"({"apiVersion": "v1", "kind": "Service",
    "metadata": {"namespace": "demo"},
    "spec": {"clusterIP": "10.96.0.10", "selector": {"app": "web"},
      "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}})");
  service["metadata"]["name"] = name;
  return service;
}

struct World {
  World() {
    put(kube::kDeployments, web_deployment());
    put(kube::kServices, web_service());
    cluster_.advance(std::chrono::seconds(5));
    request_.original = {"demo", WorkloadKind::kDeployment, "web"};
    request_.id = "abcd1234";
    request_.owner = "ann@laptop";
    request_.holder = "5ea1";
    request_.image = "ferry-proxy:1";
  }

  void put(const kube::Resource& resource, const kube::Json& object) {
    cluster_.objects().put(resource, "demo", object);
  }
  kube::Json find(const kube::Resource& resource, const std::string& name) {
    return cluster_.objects().find(resource, "demo", name).value_or(kube::Json());
  }
  kube::Json web() { return find(kube::kDeployments, "web"); }

  // All of it; the first error.
  Status swap() {
    if (Status begun = begin(); !begun) return begun;
    const auto taken = take_over(run_, plan_);
    if (!taken) return fail(taken.error());
    taken_ = *taken;
    return {};
  }

  // All of it before taking over.
  Status begin() {
    auto plan = plan_swap(run_, request_);
    if (!plan) return fail(plan.error());
    plan = clear_the_way(run_, *plan);
    if (!plan) return fail(plan.error());
    plan_ = *plan;
    const auto made = create_stand_in(run_, plan_, {"ca", "certificate", "key"});
    if (!made) return fail(made.error());
    made_ = *made;
    if (auto pod = wait_stand_in_running(run_, plan_); !pod) return fail(pod.error());
    if (auto pod = wait_stand_in_ready(run_, plan_); !pod) return fail(pod.error());
    return {};
  }

  Result<RestoreReport> undo(const std::string& id = {}) {
    RestoreRequest request;
    request.original = request_.original;
    request.id = id;
    return restore(run_, request);
  }

  SimCluster cluster_;
  SimPace pace_{cluster_};
  kube::CancelToken cancel_;
  std::vector<std::string> lines_;
  Run run_{
      cluster_, pace_, cancel_, [this](const std::string& line) { lines_.push_back(line); }, {}};
  SwapRequest request_;
  SwapPlan plan_;
  CreatedStandIn made_;
  TakenOver taken_;
};

class SwapTest : public ::testing::Test, protected World {};

inline std::string why(const Status& status) {
  return status ? "" : status.error().summary() + " (" + status.error().fix + ")";
}

}  // namespace ferry::swap
