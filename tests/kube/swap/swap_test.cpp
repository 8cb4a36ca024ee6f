#include <algorithm>

#include "kube/swap/list.h"
#include "tests/kube/swap/world.h"

namespace ferry::swap {
namespace {

using kube::Json;

std::size_t ready_endpoints(SimCluster& cluster, const std::string& service) {
  const auto slice = cluster.objects().find(kube::kEndpointSlices, "demo", service + "-slice");
  if (!slice) return 0;
  const auto& endpoints = (*slice)["endpoints"];
  return static_cast<std::size_t>(
      std::count_if(endpoints.begin(), endpoints.end(),
                    [](const Json& one) { return one["conditions"]["ready"] == true; }));
}

TEST_F(SwapTest, SwapsAndRestores) {
  const Json before = cluster_.snapshot();
  const Status swapped = swap();
  ASSERT_TRUE(swapped) << why(swapped);
  EXPECT_EQ(taken_.replicas, 3U);
  EXPECT_TRUE(taken_.warnings.empty());
  EXPECT_EQ(web()["spec"]["replicas"], 0);
  EXPECT_EQ(parse_record(record_text(web()))->owner, "ann@laptop");
  EXPECT_EQ(find(kube::kServices, "web")["spec"], web_service()["spec"]);
  EXPECT_EQ(ready_endpoints(cluster_, "web"), 1U);

  const auto restored = undo();
  ASSERT_TRUE(restored.has_value()) << restored.error().summary();
  EXPECT_TRUE(restored->found);
  EXPECT_EQ(restored->id, "abcd1234");
  EXPECT_EQ(restored->replicas, 3U);
  EXPECT_THAT(restored->notes, ::testing::IsEmpty());
  EXPECT_EQ(cluster_.snapshot(), before);
  EXPECT_EQ(ready_endpoints(cluster_, "web"), 3U);
}

TEST_F(SwapTest, AtNoMomentIsTheServiceWithoutAReadyEndpoint) {
  std::size_t fewest = 100;
  cluster_.on_change = [&] { fewest = std::min(fewest, ready_endpoints(cluster_, "web")); };
  ASSERT_TRUE(swap());
  ASSERT_TRUE(undo().has_value());
  EXPECT_GE(fewest, 1U);
}

TEST_F(SwapTest, TheServiceLeadsToTheStandInAloneBeforeTheOriginalIsScaled) {
  bool steered_when_scaled = false;
  cluster_.intercept = [&](const kube::Request& request) -> std::optional<Result<Json>> {
    const bool scales = request.method == "PATCH" && request.path.ends_with("/deployments/web") &&
                        request.body["spec"].contains("replicas");
    if (scales) {
      steered_when_scaled =
          find(kube::kServices, "web")["spec"]["selector"].contains(kStandInLabel) &&
          ready_endpoints(cluster_, "web") == 1;
      cluster_.intercept = nullptr;
    }
    return std::nullopt;
  };
  ASSERT_TRUE(swap());
  EXPECT_TRUE(steered_when_scaled);
}

TEST_F(SwapTest, StepsMayBeDoneTwice) {
  const Json before = cluster_.snapshot();
  ASSERT_TRUE(swap());
  const Json swapped = cluster_.snapshot();
  const Status again = swap();
  ASSERT_TRUE(again) << why(again);
  EXPECT_EQ(cluster_.snapshot(), swapped);
  EXPECT_EQ(plan_.record.replicas, 3U) << "not the 0 that it is at";
  ASSERT_TRUE(undo().has_value());
  EXPECT_EQ(cluster_.snapshot(), before);
}

TEST_F(SwapTest, AStatefulSetIsSwappedToo) {
  Json object = web_deployment();
  object["kind"] = "StatefulSet";
  cluster_.objects().erase(kube::kDeployments, "demo", "web");
  put(kube::kStatefulSets, object);
  cluster_.advance(std::chrono::seconds(5));
  request_.original.kind = WorkloadKind::kStatefulSet;
  const Json before = cluster_.snapshot();
  const Status swapped = swap();
  ASSERT_TRUE(swapped) << why(swapped);
  EXPECT_EQ(find(kube::kStatefulSets, "web")["spec"]["replicas"], 0);
  EXPECT_EQ(find(kube::kDeployments, "web-sts-ferry")["spec"]["replicas"], 1);
  ASSERT_TRUE(undo().has_value());
  EXPECT_EQ(cluster_.snapshot(), before);
}

TEST_F(SwapTest, AReplicaSetOfItsOwnIsSwappedToo) {
  Json object = web_deployment();
  object["kind"] = "ReplicaSet";
  cluster_.objects().erase(kube::kDeployments, "demo", "web");
  put(kube::kReplicaSets, object);
  cluster_.advance(std::chrono::seconds(5));
  request_.original.kind = WorkloadKind::kReplicaSet;
  const Json before = cluster_.snapshot();
  const Status swapped = swap();
  ASSERT_TRUE(swapped) << why(swapped);
  EXPECT_EQ(find(kube::kReplicaSets, "web")["spec"]["replicas"], 0);
  ASSERT_TRUE(undo().has_value());
  EXPECT_EQ(cluster_.snapshot(), before);
}

TEST_F(SwapTest, WhatIsAtZeroStaysThere) {
  Json object = web();
  object["spec"]["replicas"] = 0;
  put(kube::kDeployments, object);
  cluster_.advance(std::chrono::seconds(5));
  const Json before = cluster_.snapshot();
  ASSERT_TRUE(swap());
  EXPECT_EQ(ready_endpoints(cluster_, "web"), 1U);
  const auto restored = undo();
  ASSERT_TRUE(restored.has_value());
  EXPECT_THAT(restored->notes, ::testing::IsEmpty());
  EXPECT_EQ(cluster_.snapshot(), before);
}

TEST_F(SwapTest, AKeptOriginalRunsBesideTheStandIn) {
  request_.keep_original = true;
  const Json before = cluster_.snapshot();
  bool steered = false;
  cluster_.on_change = [&] {
    steered = steered || find(kube::kServices, "web")["spec"] != web_service()["spec"];
  };
  ASSERT_TRUE(swap());
  EXPECT_EQ(web()["spec"]["replicas"], 3);
  EXPECT_FALSE(record_text(web()).empty()) << "others must see it";
  EXPECT_EQ(ready_endpoints(cluster_, "web"), 4U);
  EXPECT_FALSE(steered);
  ASSERT_TRUE(undo().has_value());
  EXPECT_EQ(cluster_.snapshot(), before);
}

TEST_F(SwapTest, AServiceThatMayNotBeSteeredAfterAllIsAWarning) {
  cluster_.intercept = [](const kube::Request& request) -> std::optional<Result<Json>> {
    if (request.method != "PATCH" || !request.path.ends_with("/services/web")) return {};
    return Result<Json>(fail(ErrorCode::kForbidden, "patching services/web", "a policy"));
  };
  ASSERT_TRUE(swap());
  ASSERT_EQ(taken_.warnings.size(), 1U);
  EXPECT_EQ(taken_.warnings[0].why, "a policy");
  EXPECT_EQ(web()["spec"]["replicas"], 0);
}

TEST_F(SwapTest, PodsThatDoNotEndAreAWarningAndTheSelectorComesBack) {
  Json stuck = cluster_.all(kube::kPods).front();
  stuck["metadata"]["name"] = "web-6f7d-stuck";
  stuck["metadata"]["deletionTimestamp"] = "2026-09-21T00:00:00Z";
  stuck["sim"]["ends"] = INT64_MAX;
  put(kube::kPods, stuck);
  ASSERT_TRUE(swap());
  ASSERT_EQ(taken_.warnings.size(), 1U);
  EXPECT_THAT(taken_.warnings[0].summary(), ::testing::HasSubstr("1 pod after 120 s"));
  EXPECT_EQ(find(kube::kServices, "web")["spec"], web_service()["spec"]);
}

TEST_F(SwapTest, RecordsTheReplicasOfTheMomentOfScaling) {
  const auto plan = plan_swap(run_, request_);
  Json object = web();
  object["spec"]["replicas"] = 5;
  put(kube::kDeployments, object);
  ASSERT_TRUE(create_stand_in(run_, *plan, {"ca", "certificate", "key"}).has_value());
  ASSERT_TRUE(wait_stand_in_ready(run_, *plan).has_value());
  const auto taken = take_over(run_, *plan);
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->replicas, 5U);
  EXPECT_EQ(undo()->replicas, 5U);
}

TEST_F(SwapTest, AChangeInBetweenIsSeenBeforeTheScaling) {
  int times = 0;
  cluster_.intercept = [&](const kube::Request& request) -> std::optional<Result<Json>> {
    if (request.method != "PATCH" || !request.path.ends_with("/deployments/web")) return {};
    if (++times > 1) return {};
    Json object = web();
    object["spec"]["replicas"] = 4;
    put(kube::kDeployments, object);
    return std::nullopt;
  };
  ASSERT_TRUE(swap());
  EXPECT_EQ(taken_.replicas, 4U);
}

TEST_F(SwapTest, TheSecondIsToldWhoHoldsItAndSinceWhen) {
  ASSERT_TRUE(swap());
  request_.id = "efgh5678";
  request_.owner = "bob@desk";
  const Status second = swap();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_THAT(second.error().why, ::testing::HasSubstr("ann@laptop since 2026-09-21T"));
}

TEST_F(SwapTest, ForceEndsTheOthersSwapAndBeginsAnew) {
  const Json before = cluster_.snapshot();
  ASSERT_TRUE(swap());
  request_.id = "efgh5678";
  request_.owner = "bob@desk";
  request_.force = true;
  const Status second = swap();
  ASSERT_TRUE(second) << why(second);
  EXPECT_EQ(parse_record(record_text(web()))->owner, "bob@desk");
  EXPECT_EQ(parse_record(record_text(web()))->replicas, 3U);
  const auto first = undo("abcd1234");
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(first->found) << "the first one's daemon must not undo the second's swap";
  ASSERT_TRUE(undo("efgh5678").has_value());
  EXPECT_EQ(cluster_.snapshot(), before);
}

TEST_F(SwapTest, TwoAtOnceMeetAtTheStandIn) {
  const auto mine = plan_swap(run_, request_);
  SwapRequest other = request_;
  other.id = "efgh5678";
  other.owner = "bob@desk";
  const auto theirs = plan_swap(run_, other);
  ASSERT_TRUE(create_stand_in(run_, *mine, {}).has_value());
  const auto created = create_stand_in(run_, *theirs, {});
  ASSERT_FALSE(created.has_value());
  EXPECT_EQ(created.error().code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(created.error().why, ::testing::HasSubstr("ann@laptop"));
}

TEST_F(SwapTest, ListsWhatIsSwappedWhoeverDidIt) {
  EXPECT_THAT(*list_swaps(run_, "demo"), ::testing::IsEmpty());
  const auto plan = plan_swap(run_, request_);
  ASSERT_TRUE(create_stand_in(run_, *plan, {}).has_value());
  auto swaps = list_swaps(run_, "demo");
  ASSERT_EQ(swaps->size(), 1U);
  EXPECT_EQ(swaps->front().state, "starting");
  EXPECT_EQ(swaps->front().original, request_.original);
  ASSERT_TRUE(swap());
  swaps = list_swaps(run_, "demo");
  ASSERT_EQ(swaps->size(), 1U);
  EXPECT_EQ(swaps->front().state, "swapped");
  EXPECT_EQ(swaps->front().record.owner, "ann@laptop");
  EXPECT_TRUE(swaps->front().readable);
  cluster_.objects().erase(kube::kDeployments, "demo", "web-ferry");
  EXPECT_EQ(list_swaps(run_, "demo")->front().state, "stand-in missing");
  Json object = web();
  object["metadata"]["annotations"][kSwapAnnotation] = "nonsense";
  put(kube::kDeployments, object);
  EXPECT_EQ(list_swaps(run_, "demo")->front().state, "record unreadable");
  EXPECT_FALSE(list_swaps(run_, "demo")->front().readable);
}

}  // namespace
}  // namespace ferry::swap
