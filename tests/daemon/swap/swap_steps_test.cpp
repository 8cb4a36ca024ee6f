#include "daemon/swap/swap_steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon/swap/shared_cluster.h"
#include "tests/fakes/fake_backend.h"
#include "tests/kube/swap/world.h"

namespace ferry::daemon::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kId = "abcd12345678";
constexpr const char* kWebRef = "/apis/apps/v1/namespaces/demo/deployments/web";

class SwapStepsTest : public ::testing::Test {
 protected:
  SwapStepsTest() {
    backend_.other_api = cluster_;
    put(swap::web_deployment());
    cluster_->with([&](swap::SimCluster& cluster) {
      cluster.objects().put(kube::kServices, "demo", swap::web_service());
      cluster.advance(std::chrono::seconds(5));
    });
    spec_.kube.kube_namespace = "demo";
    spec_.workload = {control::TargetKind::kDeployment, "web"};
    spec_.proxy.image = "ferry-proxy:1";
  }

  void put(const kube::Json& deployment) {
    cluster_->with([&](swap::SimCluster& cluster) {
      cluster.objects().put(kube::kDeployments, "demo", deployment);
    });
  }
  // With a probe of the container that runs a program.
  void put_probe(const char* kind) {
    auto web = swap::web_deployment();
    web["spec"]["template"]["spec"]["containers"][0][kind] = {
        {"exec", {{"command", {"cat", "/tmp/ok"}}}}};
    put(web);
  }
  using Answer = std::optional<Result<kube::Json>>;
  void intercept(std::function<Answer(const kube::Request&)> answer) {
    cluster_->with([&](swap::SimCluster& cluster) { cluster.intercept = std::move(answer); });
  }
  // The first calls of this sort fail.
  void fail_first(int times, const std::string& method, const std::string& path, ErrorCode code) {
    intercept([=, left = std::make_shared<int>(times)](const kube::Request& request) -> Answer {
      if (request.method != method || request.path != path || *left == 0) return {};
      --*left;
      return fail(code, method, "not today");
    });
  }
  // What the API server says of itself.
  ReadPlan plan_with_version(const kube::Json& version) {
    intercept([version](const kube::Request& request) -> Answer {
      if (request.path != "/version") return {};
      return version;
    });
    auto plan = read_plan(backend_, spec_, kId, context());
    EXPECT_TRUE(plan.has_value()) << plan.error().summary();
    return std::move(*plan);
  }
  StepContext context() {
    return {
        .cancel = cancel_, .pace = pace_, .progress = {}, .on_trouble = [this](const Error& error) {
          troubles_.push_back(error);
        }};
  }
  Status swap() {
    auto read = read_plan(backend_, spec_, kId, context());
    if (!read) return fail(read.error());
    auto begun = start_stand_in(backend_, read->cluster, read->plan, context());
    if (!begun) return fail(begun.error());
    auto taken = take_over(*cluster_, begun->plan, context());
    return taken ? Status{} : Status(fail(taken.error()));
  }
  Result<swap::RestoreReport> put_back() {
    return restore_for_sure(backend_, spec_.kube, spec_.workload,
                            {.id = kId, .owner = local_owner()}, context());
  }
  std::size_t replicas() { return cluster_->find(kube::kDeployments, "web")["spec"]["replicas"]; }

  std::shared_ptr<SharedCluster> cluster_ = std::make_shared<SharedCluster>();
  BriskPace pace_{*cluster_};
  net::Loop loop_;
  FakeBackend backend_{loop_};
  kube::CancelToken cancel_;
  control::SwapSpec spec_;
  std::vector<Error> troubles_;
};

TEST_F(SwapStepsTest, WhatTheUserAskedForIsPassedOn) {
  spec_.container = "web";
  spec_.expose = {{.local = 8081, .remote = {.number = 80}},
                  {.local = 9090, .remote = {.name = "metrics"}},
                  {.local = 7070, .remote = {}}};
  spec_.orphan_timeout_seconds = 30;
  spec_.proxy.pull_policy = "Never";
  spec_.proxy.pull_secrets = {"registry"};
  spec_.keep_original = true;
  spec_.force = true;
  const auto request = swap_request(spec_, "demo", kId);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(to_string(request->original), "deployment/web");
  EXPECT_EQ(request->container, "web");
  ASSERT_THAT(request->expose, SizeIs(3));
  EXPECT_EQ(request->expose[0].local, 8081);
  EXPECT_EQ(std::get<std::uint16_t>(*request->expose[0].remote), 80);
  EXPECT_EQ(std::get<std::string>(*request->expose[1].remote), "metrics");
  EXPECT_FALSE(request->expose[2].remote.has_value());
  EXPECT_EQ(request->orphan_timeout, std::chrono::seconds(30));
  EXPECT_EQ(request->image, "ferry-proxy:1");
  EXPECT_EQ(request->image_pull_policy, "Never");
  EXPECT_THAT(request->pull_secrets, ElementsAre("registry"));
  EXPECT_EQ(request->owner, local_owner());
  EXPECT_TRUE(request->keep_original && request->force);
}

TEST_F(SwapStepsTest, AProbesCommandIsToldBeforeItRunsHere) {
  put_probe("livenessProbe");
  const auto plan = read_plan(backend_, spec_, kId, context());
  ASSERT_TRUE(plan.has_value());
  ASSERT_THAT(plan->plan.warnings, SizeIs(1));
  EXPECT_THAT(plan->plan.warnings[0].what, HasSubstr("liveness probe of container web"));
  EXPECT_THAT(plan->plan.warnings[0].why, HasSubstr("runs on this machine"));
  EXPECT_THAT(plan->plan.warnings[0].why, HasSubstr("cat /tmp/ok"));
}

TEST_F(SwapStepsTest, TheRecordTellsWhichInstallationItIs) {
  EXPECT_EQ(read_plan(backend_, spec_, kId, context())->plan.record.holder, "this-installation");
}

TEST_F(SwapStepsTest, AProbesCommandThatWillNotRunIsNoWarning) {
  put_probe("readinessProbe");
  for (const auto mode : {control::ProbeMode::kNone, control::ProbeMode::kReady}) {
    spec_.probes = mode;
    EXPECT_THAT(read_plan(backend_, spec_, kId, context())->plan.warnings, IsEmpty());
  }
}

TEST_F(SwapStepsTest, TheClustersVersionIsReadWhereItMakesSense) {
  EXPECT_EQ(plan_with_version({{"major", "1"}, {"minor", "33+"}}).kubernetes_version, "1.33+");
  EXPECT_EQ(plan_with_version({{"major", "1"}, {"minor", "3\r\nX: y"}}).kubernetes_version, "");
  EXPECT_EQ(plan_with_version("no object").kubernetes_version, "");
}

TEST_F(SwapStepsTest, ForSureMeansUntilTheServerAnswers) {
  ASSERT_TRUE(swap());
  fail_first(7, "GET", kWebRef, ErrorCode::kUnreachable);
  ASSERT_TRUE(read_plan_for_sure(backend_, spec_, kId, context()).has_value());
  EXPECT_THAT(troubles_, SizeIs(7));
}

TEST_F(SwapStepsTest, ForSureDoesNotMeanAgainstAnAnswer) {
  spec_.workload.name = "other";
  const auto read = read_plan_for_sure(backend_, spec_, kId, context());
  EXPECT_EQ(read.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(troubles_, IsEmpty());
}

TEST_F(SwapStepsTest, WhatHasNoStandInAnyMoreIsNotTakenUpAgain) {
  const auto read = read_plan_for_sure(backend_, spec_, kId, context());
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kGone);
}

TEST_F(SwapStepsTest, AForcedSwapWarnsOnceOfWhatBothPlansWarnOf) {
  auto web = swap::web_deployment();
  web["spec"]["paused"] = true;
  put(web);
  ASSERT_TRUE(swap());
  spec_.force = true;
  const auto read = read_plan(backend_, spec_, "ffff00001111", context());
  ASSERT_TRUE(read.has_value());
  ASSERT_TRUE(read->plan.contender.has_value());
  ASSERT_THAT(read->plan.warnings, SizeIs(1));
  EXPECT_THAT(read->plan.warnings[0].why, HasSubstr("it is paused"));
  const auto begun = start_stand_in(backend_, read->cluster, read->plan, context());
  ASSERT_TRUE(begun.has_value()) << begun.error().summary();
  EXPECT_THAT(begun->warnings, IsEmpty());
  EXPECT_EQ(replicas(), 3U) << "the former swap was to be ended first";
}

TEST_F(SwapStepsTest, ARoleThatIsRefusedWhenItIsMadeIsAWarning) {
  const auto read = read_plan(backend_, spec_, kId, context());
  ASSERT_TRUE(read.has_value());
  intercept([](const kube::Request& request) -> Answer {
    if (request.method != "POST" || !request.path.ends_with("/rolebindings")) return {};
    return fail(ErrorCode::kForbidden, "POST", "a policy says no");
  });
  const auto begun = start_stand_in(backend_, read->cluster, read->plan, context());
  ASSERT_TRUE(begun.has_value()) << begun.error().summary();
  ASSERT_THAT(begun->warnings, SizeIs(1));
  EXPECT_THAT(begun->warnings[0].why, HasSubstr("a policy says no"));
  EXPECT_FALSE(begun->plan.orphan_restore);
  EXPECT_TRUE(read->plan.orphan_restore);
}

TEST_F(SwapStepsTest, ARestoreIsRepeatedUntilItSucceeds) {
  ASSERT_TRUE(swap());
  EXPECT_EQ(replicas(), 0U);
  fail_first(9, "PATCH", kWebRef, ErrorCode::kForbidden);
  const auto report = put_back();
  ASSERT_TRUE(report.has_value());
  EXPECT_THAT(troubles_, SizeIs(9));
  EXPECT_EQ(replicas(), 3U);
}

TEST_F(SwapStepsTest, ARestoreThatMayNotEvenReadEndsAfterHalfAMinute) {
  ASSERT_TRUE(swap());
  fail_first(1000, "GET", kWebRef, ErrorCode::kForbidden);
  const TimePoint began = pace_.now();
  EXPECT_EQ(put_back().error().code, ErrorCode::kForbidden);
  EXPECT_GE(pace_.now() - began, std::chrono::seconds(30));
  EXPECT_LT(pace_.now() - began, std::chrono::seconds(60));
}

TEST_F(SwapStepsTest, RefusalsThatGoAwayInBetweenDoNotAddUp) {
  ASSERT_TRUE(swap());
  int call = 0;
  intercept([&call](const kube::Request& request) -> Answer {
    if (request.path != kWebRef || call > 40) return {};
    const bool refuse = request.method == "PATCH" || ++call % 3 != 0;
    if (refuse) return fail(ErrorCode::kForbidden, request.method, "not now");
    return {};
  });
  EXPECT_TRUE(put_back().has_value());
  EXPECT_EQ(replicas(), 3U);
  EXPECT_GT(troubles_.size(), 10U);
}

TEST_F(SwapStepsTest, ACancelledRestoreEndsAtOnce) {
  ASSERT_TRUE(swap());
  cancel_.cancel();
  EXPECT_EQ(put_back().error().code, ErrorCode::kCancelled);
  EXPECT_EQ(replicas(), 0U);
}

TEST_F(SwapStepsTest, TheRestoreOfWhatIsGoneHasNothingToDo) {
  const auto report = put_back();
  ASSERT_TRUE(report.has_value());
  EXPECT_FALSE(report->found);
  EXPECT_THAT(troubles_, IsEmpty());
}

}  // namespace
}  // namespace ferry::daemon::testing
