#include "kube/swap/restore.h"

#include <string>

#include "tests/kube/swap/world.h"

namespace ferry::swap {
namespace {

using kube::Json;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SwapRestoreTest : public SwapTest {
 protected:
  SwapRestoreTest() {
    const Status swapped = swap();
    EXPECT_TRUE(swapped) << why(swapped);
  }

  void set_record(const Json& value) {
    Json object = web();
    object["metadata"]["annotations"][kSwapAnnotation] = value;
    put(kube::kDeployments, object);
  }
  void scale(int replicas) {
    Json object = web();
    object["spec"]["replicas"] = replicas;
    put(kube::kDeployments, object);
  }
  void expect_nothing_left() {
    EXPECT_TRUE(record_text(web()).empty());
    EXPECT_TRUE(find(kube::kDeployments, "web-ferry").is_null());
    EXPECT_THAT(cluster_.all(kube::kSecrets), IsEmpty());
    EXPECT_THAT(cluster_.all(kube::kRoles), IsEmpty());
  }
};

TEST_F(SwapRestoreTest, ReplicasThatSomebodyHasSetMeanwhileStayAndAreTold) {
  scale(2);
  const auto restored = undo();
  ASSERT_TRUE(restored.has_value());
  EXPECT_EQ(restored->replicas, 2U);
  EXPECT_THAT(restored->notes,
              Contains("somebody has scaled deployment/web to 2 meanwhile: that stays"));
  EXPECT_EQ(web()["spec"]["replicas"], 2);
  expect_nothing_left();
}

TEST_F(SwapRestoreTest, GoesByTheStandInsCopyWhenTheRecordWasTakenOff) {
  set_record(nullptr);
  Json object = web();
  object["metadata"]["annotations"].erase(kSwapAnnotation);
  put(kube::kDeployments, object);
  ASSERT_TRUE(undo().has_value());
  EXPECT_EQ(web()["spec"]["replicas"], 3);
  expect_nothing_left();
}

TEST_F(SwapRestoreTest, GoesByTheStandInsCopyWhenTheRecordIsNonsense) {
  set_record("{\"version\": 1, \"replicas\": \"three\"}");
  ASSERT_TRUE(undo().has_value());
  EXPECT_EQ(web()["spec"]["replicas"], 3);
  expect_nothing_left();
}

TEST_F(SwapRestoreTest, ANonsensicalRecordWithoutACopyIsLeftToTheUser) {
  cluster_.objects().erase(kube::kDeployments, "demo", "web-ferry");
  cluster_.advance(std::chrono::seconds(5));
  for (const char* nonsense : {"three", "{}", "{\"version\": 7}", "[]", "{\"version\": 1}"}) {
    set_record(nonsense);
    const Json before = cluster_.snapshot();
    const auto restored = undo();
    ASSERT_FALSE(restored.has_value()) << nonsense;
    EXPECT_EQ(restored.error().code, ErrorCode::kInvalid) << nonsense;
    EXPECT_THAT(restored.error().fix, HasSubstr(kSwapAnnotation));
    EXPECT_EQ(cluster_.snapshot(), before) << nonsense;
    const auto plan = plan_swap(run_, request_);
    ASSERT_FALSE(plan.has_value()) << nonsense;
    EXPECT_EQ(plan.error().code, ErrorCode::kInvalid) << nonsense;
  }
  RestoreRequest request{request_.original, {}, {}, true, false};
  const auto forced = restore(run_, request);
  ASSERT_TRUE(forced.has_value());
  EXPECT_THAT(forced->notes, Contains(HasSubstr("it stays at 0 replicas")));
  EXPECT_EQ(web()["spec"]["replicas"], 0) << "nobody knows what it was";
  expect_nothing_left();
}

TEST_F(SwapRestoreTest, WorksWithoutAStandIn) {
  cluster_.objects().erase(kube::kDeployments, "demo", "web-ferry");
  ASSERT_TRUE(undo().has_value());
  EXPECT_EQ(web()["spec"]["replicas"], 3);
  expect_nothing_left();
}

TEST_F(SwapRestoreTest, CleansUpWithoutAnOriginalAndSaysSo) {
  cluster_.objects().erase(kube::kDeployments, "demo", "web");
  const auto restored = undo();
  ASSERT_TRUE(restored.has_value());
  EXPECT_THAT(restored->notes, Contains(HasSubstr("deployment/web is gone")));
  expect_nothing_left();
  const auto again = undo();
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, ErrorCode::kNotFound);
  const auto known = undo(request_.id);
  ASSERT_TRUE(known.has_value()) << "who swapped it knows that it was there";
  EXPECT_THAT(known->notes, Contains("deployment/web is gone: nothing is left to put back"));
}

TEST_F(SwapRestoreTest, ARecordWhoseFieldsSomebodyEditedLeavesNothingBehind) {
  for (const char* field : {"standIn", "id"}) {
    for (const std::string& asked : {request_.id, std::string()}) {
      Json record = Json::parse(record_text(web()));
      record[field] = "another";
      record["replicas"] = 9;
      set_record(record.dump());
      ASSERT_TRUE(undo(asked).has_value()) << field;
      EXPECT_EQ(web()["spec"]["replicas"], 3) << field;
      expect_nothing_left();
      ASSERT_TRUE(swap());
    }
  }
}

TEST_F(SwapRestoreTest, TheStandInsCopySaysTheReplicasOfTheMomentOfScaling) {
  ASSERT_TRUE(undo().has_value());
  ASSERT_TRUE(begin());
  scale(4);
  cluster_.advance(std::chrono::seconds(5));
  ASSERT_TRUE(take_over(run_, plan_).has_value());
  set_record("{x");
  ASSERT_TRUE(undo().has_value());
  EXPECT_EQ(web()["spec"]["replicas"], 4);
  expect_nothing_left();
}

TEST_F(SwapRestoreTest, WhoScaledItToZeroBeforeItWasTakenOverKeepsThat) {
  ASSERT_TRUE(undo().has_value());
  ASSERT_TRUE(begin());
  scale(0);
  ASSERT_TRUE(undo().has_value());
  EXPECT_EQ(web()["spec"]["replicas"], 0);
  expect_nothing_left();
}

TEST_F(SwapRestoreTest, ForceDoesNotSwapWhatNobodyCouldPutBack) {
  cluster_.objects().erase(kube::kDeployments, "demo", "web-ferry");
  cluster_.advance(std::chrono::seconds(5));
  set_record("{bad");
  request_.force = true;
  request_.id = "other123";
  const auto plan = plan_swap(run_, request_);
  ASSERT_FALSE(plan.has_value());
  EXPECT_THAT(plan.error().why, HasSubstr("at 0 replicas"));
  scale(2);
  EXPECT_TRUE(plan_swap(run_, request_).has_value());
}

TEST_F(SwapRestoreTest, AnOriginalThatDoesNotComeUpIsToldAndTheRestIsDone) {
  cluster_.ready = [](const Json& pod) {
    return pod["metadata"]["labels"].contains(kStandInLabel);
  };
  const auto restored = undo();
  ASSERT_TRUE(restored.has_value());
  EXPECT_THAT(restored->notes, Contains(HasSubstr("0 of 3 pods after 600 s")));
  expect_nothing_left();
}

TEST_F(SwapTest, RestoringWaitsShorterForAnOriginalThatDidNotRunBefore) {
  cluster_.ready = [](const Json& pod) {
    return pod["metadata"]["labels"].contains(kStandInLabel);
  };
  cluster_.advance(std::chrono::seconds(1));
  ASSERT_TRUE(swap());
  const auto restored = undo();
  ASSERT_TRUE(restored.has_value());
  EXPECT_THAT(restored->notes, Contains(HasSubstr("0 of 3 pods after 120 s")));
}

TEST_F(SwapRestoreTest, TheStandInServesUntilTheOriginalDoes) {
  bool early = false;
  cluster_.intercept = [&](const kube::Request& request) -> std::optional<Result<Json>> {
    if (request.method == "DELETE") early = early || web()["status"]["availableReplicas"] != 3;
    return std::nullopt;
  };
  ASSERT_TRUE(undo().has_value());
  EXPECT_FALSE(early);
}

// The laptop died while it steered: the Service waits for a pod that isn't ready any more.
TEST_F(SwapRestoreTest, ASteeredServiceIsFreedAtOnceWhenTheStandInDoesNotServe) {
  Json service = web_service();
  service["spec"]["selector"][kStandInLabel] = "abcd1234";
  service["metadata"]["annotations"][kSteeredAnnotation] = "nonsense";
  put(kube::kServices, service);
  cluster_.ready = [](const Json& pod) {
    return !pod["metadata"]["labels"].contains(kStandInLabel);
  };
  cluster_.advance(std::chrono::seconds(1));
  bool freed_first = false;
  cluster_.on_change = [&] {
    const bool free = find(kube::kServices, "web")["spec"] == web_service()["spec"];
    if (free && web()["status"]["availableReplicas"] == 0) freed_first = true;
  };
  ASSERT_TRUE(undo().has_value());
  EXPECT_TRUE(freed_first);
}

TEST_F(SwapRestoreTest, WhatSomebodyChangedInASteeredSelectorStays) {
  Json service = web_service();
  service["spec"]["selector"] = {{"app", "web"}, {"tier", "new"}, {kStandInLabel, "abcd1234"}};
  service["metadata"]["annotations"][kSteeredAnnotation] =
      R"({"id": "abcd1234", "workload": "deployment/web", "selector": {"app": "web"}})";
  put(kube::kServices, service);
  ASSERT_TRUE(undo().has_value());
  service = find(kube::kServices, "web");
  EXPECT_EQ(service["spec"]["selector"], (Json{{"app", "web"}, {"tier", "new"}}));
  EXPECT_FALSE(service["metadata"]["annotations"].contains(kSteeredAnnotation));
}

TEST_F(SwapRestoreTest, FindsASteeredServiceWhenAllElseIsGone) {
  Json service = web_service("second");
  service["spec"]["selector"][kStandInLabel] = "abcd1234";
  service["metadata"]["annotations"][kSteeredAnnotation] =
      R"({"id": "abcd1234", "workload": "deployment/web", "selector": {"app": "web"}})";
  put(kube::kServices, service);
  cluster_.objects().erase(kube::kDeployments, "demo", "web-ferry");
  put(kube::kDeployments, web_deployment());
  cluster_.advance(std::chrono::seconds(10));
  const auto restored = undo();
  ASSERT_TRUE(restored.has_value());
  EXPECT_TRUE(restored->found);
  EXPECT_EQ(find(kube::kServices, "second")["spec"], web_service()["spec"]);
}

TEST_F(SwapRestoreTest, SomebodyElsesSwapInUseNeedsForce) {
  RestoreRequest request{request_.original, {}, "bob@desk", false, false};
  auto restored = restore(run_, request);
  ASSERT_FALSE(restored.has_value());
  EXPECT_EQ(restored.error().code, ErrorCode::kConflict);
  EXPECT_THAT(restored.error().why, HasSubstr("in use by ann@laptop"));
  request.force = true;
  EXPECT_TRUE(restore(run_, request).has_value());
  expect_nothing_left();
}

TEST_F(SwapRestoreTest, WhoHasTheSameNameOnAHostOfTheSameNameIsSomebodyElse) {
  RestoreRequest request;
  request.original = request_.original;
  request.owner = "ann@laptop";
  request.holder = "another";
  EXPECT_EQ(restore(run_, request).error().code, ErrorCode::kConflict);
  request.owner = "ann@renamed";
  request.holder = "5ea1";
  EXPECT_TRUE(restore(run_, request).has_value());
}

TEST_F(SwapRestoreTest, ARecordThatDoesNotTellItsHolderGoesByUserAndHost) {
  for (const char* name : {"web", "web-ferry"}) {
    Json object = find(kube::kDeployments, name);
    Json record = Json::parse(record_text(object));
    record.erase("holder");
    object["metadata"]["annotations"][kSwapAnnotation] = record.dump();
    put(kube::kDeployments, object);
  }
  RestoreRequest request;
  request.original = request_.original;
  request.holder = "another";
  request.owner = "bob@desk";
  EXPECT_EQ(restore(run_, request).error().code, ErrorCode::kConflict);
  request.owner = "ann@laptop";
  EXPECT_TRUE(restore(run_, request).has_value());
}

TEST_F(SwapRestoreTest, SomebodyElsesSwapThatNobodyUsesIsRestored) {
  cluster_.ready = [](const Json& pod) {
    return !pod["metadata"]["labels"].contains(kStandInLabel);
  };
  cluster_.advance(std::chrono::seconds(1));
  RestoreRequest request{request_.original, {}, "bob@desk", false, false};
  EXPECT_TRUE(restore(run_, request).has_value());
  expect_nothing_left();
}

TEST_F(SwapRestoreTest, OnlyTheSwapThatIsMeantIsRestored) {
  const Json before = cluster_.snapshot();
  const auto restored = undo("ffff0000");
  ASSERT_TRUE(restored.has_value());
  EXPECT_FALSE(restored->found);
  EXPECT_EQ(cluster_.snapshot(), before);
}

TEST_F(SwapRestoreTest, WaitsForAStatusThatIsOfTheScalingItMade) {
  Json object = web();
  object["status"]["availableReplicas"] = 3;  // of before
  put(kube::kDeployments, object);
  const TimePoint later = cluster_.now() + std::chrono::seconds(30);
  cluster_.controllers_rest_until = later;
  std::optional<TimePoint> taken_off;
  cluster_.on_change = [&] {
    if (!taken_off && record_text(web()).empty()) taken_off = cluster_.now();
  };
  ASSERT_TRUE(undo().has_value());
  ASSERT_TRUE(taken_off.has_value());
  EXPECT_GE(*taken_off, later);
  expect_nothing_left();
}

TEST_F(SwapRestoreTest, EndsWhenCancelled) {
  cluster_.ready = [](const Json&) { return false; };
  cluster_.on_change = [this] {
    if (web()["spec"]["replicas"] == 3) cancel_.cancel();
  };
  const auto restored = undo();
  ASSERT_FALSE(restored.has_value());
  EXPECT_EQ(restored.error().code, ErrorCode::kCancelled);
  EXPECT_FALSE(record_text(web()).empty());
}

}  // namespace
}  // namespace ferry::swap
