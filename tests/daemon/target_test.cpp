#include "daemon/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon/objects.h"
#include "tests/fakes/fake_kube_api.h"

namespace ferry::daemon {
namespace {

using control::TargetKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TargetPlanTest : public ::testing::Test {
 protected:
  Result<TargetPlan> plan(TargetKind kind, const std::string& name, control::PortRef port) {
    return plan_target(api_, "default", {kind, name}, {{.remote = std::move(port)}}, cancel_);
  }
  void put_service(const std::string& name, const kube::Json& patch) {
    auto service = testing::make_service(name, 80, 8080);
    if (!patch.is_null()) service.merge_patch(patch);
    api_.put(kube::kServices, "default", service);
  }

  kube::FakeKubeApi api_;
  const kube::CancelToken cancel_;
};

TEST_F(TargetPlanTest, AServiceIsDialledByItsName) {
  put_service("web", {});
  const auto planned = plan(TargetKind::kService, "web", {.name = "http"});
  ASSERT_TRUE(planned) << planned.error().summary();
  EXPECT_EQ(planned->dial_host, "web.default.svc");
  EXPECT_EQ(planned->ports[0].remote, 80);
  EXPECT_EQ(planned->ports[0].target, 8080);
  EXPECT_TRUE(planned->needs_proxy.empty());
}

TEST_F(TargetPlanTest, AHeadlessServiceIsDialledByItsPods) {
  put_service("web", {{"spec", {{"clusterIP", "None"}}}});
  const auto planned = plan(TargetKind::kService, "web", {.number = 80});
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->dial_host, "");
  EXPECT_EQ(planned->follow, TargetPlan::Follow::kEndpointSlices);
}

TEST_F(TargetPlanTest, AnExternalNameIsWhatTheProxyDials) {
  put_service("db", {{"spec", {{"type", "ExternalName"}, {"externalName", "db.example.com"}}}});
  const auto planned = plan(TargetKind::kService, "db", {.number = 5432});
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->dial_host, "db.example.com");
  EXPECT_THAT(planned->needs_proxy, HasSubstr("ExternalName"));
}

TEST_F(TargetPlanTest, AServiceWithoutSelectorNeedsEndpointsOfItsOwn) {
  put_service("legacy", {{"spec", {{"selector", nullptr}}}});
  EXPECT_FALSE(plan(TargetKind::kService, "legacy", {.number = 80}));
  api_.put(kube::kEndpointSlices, "default", testing::make_slice("legacy", 8080, {"x"}));
  const auto planned = plan(TargetKind::kService, "legacy", {.number = 80});
  ASSERT_TRUE(planned) << planned.error().summary();
  EXPECT_THAT(planned->needs_proxy, HasSubstr("no selector"));
}

TEST_F(TargetPlanTest, APortThatTheServiceDoesNotHaveNamesThoseItHas) {
  put_service("web", {});
  const auto planned = plan(TargetKind::kService, "web", {.number = 81});
  ASSERT_FALSE(planned);
  EXPECT_EQ(planned.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(planned.error().summary() + planned.error().fix, HasSubstr("80"));
}

TEST_F(TargetPlanTest, ADeploymentsPortsAreThoseOfItsTemplate) {
  api_.put(kube::kDeployments, "default", testing::make_deployment("web"));
  const auto planned = plan(TargetKind::kDeployment, "web", {.name = "http"});
  ASSERT_TRUE(planned) << planned.error().summary();
  EXPECT_EQ(planned->ports[0].target, 8080);
  EXPECT_EQ(planned->selectors.labels, "app=web");
  EXPECT_EQ(plan(TargetKind::kDeployment, "web", {.name = "nope"}).error().code,
            ErrorCode::kNotFound);
}

TEST_F(TargetPlanTest, AReplicaSetIsAWorkloadLikeTheOthers) {
  api_.put(kube::kReplicaSets, "default", testing::make_deployment("web"));
  const auto planned = plan(TargetKind::kReplicaSet, "web", {.number = 8080});
  ASSERT_TRUE(planned) << planned.error().summary();
  EXPECT_EQ(planned->selectors.labels, "app=web");
}

TEST_F(TargetPlanTest, AUdpPortCannotBeForwarded) {
  api_.put(kube::kPods, "default", testing::make_pod("web-1", "web", true));
  for (const control::PortRef& port : {control::PortRef{53, ""}, control::PortRef{0, "dns"}}) {
    const auto planned = plan(TargetKind::kPod, "web-1", port);
    ASSERT_FALSE(planned);
    EXPECT_EQ(planned.error().code, ErrorCode::kUnsupported);
    EXPECT_THAT(planned.error().why, HasSubstr("UDP"));
  }
}

TEST_F(TargetPlanTest, APodThatHasEndedIsRefused) {
  auto pod = testing::make_pod("job-1", "job", false);
  pod["status"]["phase"] = "Succeeded";
  api_.put(kube::kPods, "default", pod);
  EXPECT_EQ(plan(TargetKind::kPod, "job-1", {.number = 8080}).error().code,
            ErrorCode::kUnavailable);
}

TEST_F(TargetPlanTest, WhatIsNotThereIsNamed) {
  const auto planned = plan(TargetKind::kStatefulSet, "db", {.number = 5432});
  ASSERT_FALSE(planned);
  EXPECT_EQ(planned.error().code, ErrorCode::kNotFound);
}

TEST(TargetWithoutClusterTest, OnlyHostsAndServicesByNumberCanBePlanned) {
  const std::vector<control::PortSpec> ports = {{.remote = {.number = 80}}};
  EXPECT_EQ(plan_without_cluster("ns", {TargetKind::kHost, "db"}, ports)->dial_host, "db");
  EXPECT_EQ(plan_without_cluster("ns", {TargetKind::kService, "web"}, ports)->dial_host,
            "web.ns.svc");
  EXPECT_EQ(plan_without_cluster("ns", {TargetKind::kPod, "web-1"}, ports).error().code,
            ErrorCode::kUnsupported);
  EXPECT_EQ(plan_without_cluster("ns", {TargetKind::kHost, "db"}, {{.remote = {.name = "pg"}}})
                .error()
                .code,
            ErrorCode::kUnsupported);
}

// Follows until `count` views have come.
std::vector<TargetView> follow(kube::Api& api, const TargetPlan& plan, std::size_t count,
                               const std::function<void(std::size_t)>& after_view) {
  std::vector<TargetView> views;
  kube::CancelToken cancel;
  follow_target(api, plan,
                {.on_view =
                     [&](TargetView view) {
                       views.push_back(std::move(view));
                       if (views.size() == count) cancel.cancel();
                       after_view(views.size());
                     },
                 .on_trouble = [](const Error&) {}},
                cancel);
  return views;
}

TEST_F(TargetPlanTest, EndpointsAreFollowed) {
  put_service("web", {});
  api_.put(kube::kEndpointSlices, "default", testing::make_slice("web", 8080, {"web-1"}));
  const auto planned = plan(TargetKind::kService, "web", {.number = 80});
  ASSERT_TRUE(planned);
  const auto views = follow(api_, *planned, 2, [&](std::size_t) {
    api_.put(kube::kEndpointSlices, "default", testing::make_slice("web", 9090, {}));
  });
  EXPECT_THAT(views[0].pods, ElementsAre(ReadyPod{"web-1", "10.244.0.2", {8080}}));
  EXPECT_TRUE(views[1].pods.empty());
  EXPECT_EQ(views[1].trouble, "no pod matches app=web");
}

TEST_F(TargetPlanTest, AWorkloadsReadyPodsAreFollowed) {
  api_.put(kube::kDeployments, "default", testing::make_deployment("web"));
  api_.put(kube::kPods, "default", testing::make_pod("web-1", "web", false));
  const auto planned = plan(TargetKind::kDeployment, "web", {.name = "http"});
  ASSERT_TRUE(planned);
  const auto views = follow(api_, *planned, 2, [&](std::size_t) {
    api_.put(kube::kPods, "default", testing::make_pod("web-1", "web", true));
  });
  EXPECT_THAT(views[0].trouble, HasSubstr("none of 1 pods is ready"));
  EXPECT_THAT(views[1].pods, ElementsAre(ReadyPod{"web-1", "10.244.0.9", {8080}}));
}

}  // namespace
}  // namespace ferry::daemon
