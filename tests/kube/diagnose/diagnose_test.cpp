#include "kube/diagnose/diagnose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <set>

#include "tests/fakes/fake_kube_api.h"
#include "tests/kube/fixture.h"

namespace ferry::diagnose {
namespace {

using kube::Json;
using kube::TargetKind;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kNs = "fixtures";

class DiagnoseTest : public testing::Test {
 protected:
  DiagnoseTest() {
    api_.put(kube::kServices, kNs, kube::fixture_body("service"));
    for (const Json& pod : kube::fixture_items("pods-list")) api_.put(kube::kPods, kNs, pod);
    for (const Json& slice : kube::fixture_items("endpointslices-ready")) {
      api_.put(kube::kEndpointSlices, kNs, slice);
    }
    api_.put(kube::kDeployments, kNs, kube::fixture_body("deployment-ready"));
  }

  // The pods are gone; in their stead a sick one, with its events.
  void only_pod(const std::string& sick) {
    for (const Json& pod : kube::fixture_items("pods-list")) {
      api_.erase(kube::kPods, kNs, pod["metadata"]["name"]);
    }
    const Json recorded = kube::fixture("sick-" + sick);
    Json pod = recorded.at("pod");
    pod["metadata"]["labels"] = {{"app", "web"}, {"tier", "front"}};
    api_.put(kube::kPods, kNs, pod);
    for (const Json& event : recorded.at("events")) api_.put(kube::kEvents, kNs, event);
    for (const Json& slice : kube::fixture_items("endpointslices-empty")) {
      api_.put(kube::kEndpointSlices, kNs, slice);
    }
  }

  Report report(const kube::Target& target) {
    const auto made = diagnose(api_, target, kNs, cancel_);
    EXPECT_TRUE(made) << made.error().summary();
    return made.value_or(Report{});
  }
  std::vector<std::string> codes(const kube::Target& target) {
    std::vector<std::string> codes;
    for (const auto& finding : report(target).findings) codes.emplace_back(name_of(finding.code));
    return codes;
  }

  const kube::Target service_{TargetKind::kService, "web"};
  const kube::Target deployment_{TargetKind::kDeployment, "web"};
  kube::FakeKubeApi api_;
  kube::CancelToken cancel_;
};

TEST_F(DiagnoseTest, WhatServesHasNoFindings) {
  const auto service = report(service_);
  EXPECT_THAT(service.findings, IsEmpty());
  EXPECT_EQ(service.object, "svc/web");
  EXPECT_EQ(service.pods, 2);
  EXPECT_EQ(service.ready_pods, 2);
  EXPECT_THAT(report(deployment_).findings, IsEmpty());
}

TEST_F(DiagnoseTest, TheCauseIsThePodsAndNotThatTheServiceHasNone) {
  only_pod("never-ready-refused");
  EXPECT_THAT(codes(service_), ElementsAre("readiness-probe-fails", "port-name-unknown"));
  EXPECT_THAT(codes(deployment_), ElementsAre("readiness-probe-fails"));
}

TEST_F(DiagnoseTest, AServiceWithoutPodsLeadsToTheWorkloadThatRests) {
  for (const Json& pod : kube::fixture_items("pods-list")) {
    api_.erase(kube::kPods, kNs, pod["metadata"]["name"]);
  }
  api_.put(kube::kDeployments, kNs, kube::fixture_body("deployment-scaled-to-zero"));
  EXPECT_THAT(codes(service_), ElementsAre("scaled-to-zero"));
  EXPECT_THAT(codes(deployment_), ElementsAre("scaled-to-zero"));
}

TEST_F(DiagnoseTest, PodsThatSufferFromTheSameAreOneFinding) {
  only_pod("pending-resources");
  Json twin = *api_.find(kube::kPods, kNs, "pending-resources");
  twin["metadata"]["name"] = "pending-too";
  twin["metadata"]["uid"] = "another";
  api_.put(kube::kPods, kNs, twin);
  const auto made = report(deployment_);
  ASSERT_EQ(made.findings.size(), 1U);
  EXPECT_EQ(made.pods, 2);
  EXPECT_THAT(made.findings[0].evidence, Contains(HasSubstr("1 more pod")));
}

TEST_F(DiagnoseTest, TheLogOfTheRunBeforeIsReadWhileTheNextIsWaitedFor) {
  only_pod("never-ready-timeout");
  std::vector<std::string> lines(30, "earlier");
  lines.back() = "cannot open /etc/app.conf";
  api_.put_log(kNs, "never-ready-timeout", "main", true, lines);
  api_.put_log(kNs, "never-ready-timeout", "main", false, {"of no interest"});
  const auto made = report(deployment_);
  ASSERT_THAT(made.findings, testing::SizeIs(1));
  EXPECT_THAT(made.findings[0].evidence, Contains("log: cannot open /etc/app.conf"));
  EXPECT_THAT(made.findings[0].evidence, testing::Not(Contains("log: of no interest")));
}

TEST_F(DiagnoseTest, AFaultOfTheServiceComesFirstWherePodsAreReady) {
  Json service = kube::fixture_body("service");
  service["spec"]["ports"][0]["targetPort"] = "absent";
  api_.put(kube::kServices, kNs, service);
  Json sick = kube::fixture("sick-crash").at("pod");
  sick["metadata"]["labels"] = {{"app", "web"}, {"tier", "front"}};
  api_.put(kube::kPods, kNs, sick);
  EXPECT_THAT(codes(service_), ElementsAre("port-name-unknown", "crash-loop"));
}

TEST_F(DiagnoseTest, IndependentThingsAreReadAtOnce) {
  // Each request waits until all four of them are there.
  std::mutex mutex;
  std::condition_variable changed;
  std::set<std::string> there;
  bool together = true;
  api_.intercept = [&](const kube::Request& request) -> std::optional<Result<Json>> {
    std::unique_lock lock(mutex);
    there.insert(request.path);
    changed.notify_all();
    together = changed.wait_for(lock, std::chrono::seconds(10), [&] {
      return there.size() == 4;
    }) && together;
    return std::nullopt;
  };
  report(service_);
  EXPECT_TRUE(together) << "the Service, its EndpointSlices, the pods and the events";
}

TEST_F(DiagnoseTest, WhatMayNotBeReadIsLeftOut) {
  only_pod("crash");
  const Error refused{ErrorCode::kForbidden, "listing", "no", {}};
  api_.fail_next("GET /api/v1/namespaces/fixtures/events", refused);
  api_.fail_next("GET /api/v1/namespaces/fixtures/pods/crash/log", refused);
  EXPECT_THAT(codes(deployment_), ElementsAre("crash-loop"));
}

TEST_F(DiagnoseTest, WhatIsNotThereIsAnError) {
  const auto made = diagnose(api_, {TargetKind::kService, "absent"}, kNs, cancel_);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(diagnose(api_, {TargetKind::kHost, "x"}, kNs, cancel_).error().code,
            ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace ferry::diagnose
