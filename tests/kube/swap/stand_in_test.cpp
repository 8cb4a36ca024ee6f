#include "kube/swap/stand_in.h"

#include <string>
#include <vector>

#include "kube/swap/watch.h"
#include "tests/kube/swap/world.h"

namespace ferry::swap {
namespace {

using kube::Json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class StandInTest : public SwapTest {
 protected:
  StandInTest() {
    const auto plan = plan_swap(run_, request_);
    EXPECT_TRUE(plan.has_value());
    plan_ = *plan;
  }

  void create() {
    const auto made = create_stand_in(run_, plan_, {"ca", "certificate", "key"});
    ASSERT_TRUE(made.has_value()) << made.error().summary();
  }

  // What the cluster says of the stand-in's pod from now on.
  void pod_status(const Json& status) {
    cluster_.intercept = [status](const kube::Request& request) -> std::optional<Result<Json>> {
      if (request.method != "GET" || !request.path.ends_with("/pods")) return {};
      Json pod = Json::parse(R"({"metadata": {"name": "web-ferry-1", "uid": "u",
        "namespace": "demo"}, "spec": {"containers": [{"name": "web",
        "ports": [{"name": "ferry-tunnel", "containerPort": 7443}]}, {"name": "side"}]}})");
      pod["status"] = status;
      return Result<Json>(Json{{"items", {pod}}, {"metadata", Json::object()}});
    };
  }

  static Json waiting(const std::string& container, const std::string& reason,
                      const std::string& message) {
    Json waits = {{"waiting", {{"reason", reason}, {"message", message}}}};
    return {{"phase", "Pending"}, {"containerStatuses", {{{"name", container}, {"state", waits}}}}};
  }

  Error error_of_waiting() {
    const auto pod = wait_stand_in_running(run_, plan_);
    EXPECT_FALSE(pod.has_value());
    return pod ? Error{} : pod.error();
  }
};

TEST_F(StandInTest, EverythingIsThereBeforeItsPodIs) {
  bool scaled = false;
  std::size_t missing = 0;
  cluster_.on_change = [&] {
    const Json stand_in = find(kube::kDeployments, "web-ferry");
    if (scaled || stand_in.is_null() || stand_in["spec"]["replicas"] == 0) return;
    scaled = true;
    missing = 5 - cluster_.all(kube::kSecrets).size() - cluster_.all(kube::kRoles).size() -
              cluster_.all(kube::kRoleBindings).size() -
              cluster_.all(kube::kServiceAccounts).size();
  };
  create();
  EXPECT_TRUE(scaled);
  EXPECT_EQ(missing, 0U);
}

TEST_F(StandInTest, ItsAccountMayTouchNothingButWhatItRestores) {
  create();
  const Json rules = find(kube::kRoles, "web-ferry-abcd1234-restore")["rules"];
  ASSERT_EQ(rules.size(), 3U);
  for (const Json& rule : rules) EXPECT_EQ(rule["resourceNames"].size(), 1U) << rule;
  EXPECT_EQ(rules[0]["resourceNames"][0], "web");
  EXPECT_EQ(rules[2]["resourceNames"][0], "web-ferry");
}

TEST_F(StandInTest, GoesWithoutItsAccountWhenThatIsRefused) {
  cluster_.intercept = [](const kube::Request& request) -> std::optional<Result<Json>> {
    if (request.method != "POST" || !request.path.ends_with("/roles")) return {};
    return Result<Json>(fail(ErrorCode::kForbidden, "creating roles",
                             "attempting to grant RBAC permissions not currently held"));
  };
  const auto made = create_stand_in(run_, plan_, {});
  ASSERT_TRUE(made.has_value());
  EXPECT_FALSE(made->orphan_restore);
  ASSERT_EQ(made->warnings.size(), 1U);
  EXPECT_THAT(made->warnings[0].why, HasSubstr("not currently held"));
  EXPECT_TRUE(wait_stand_in_running(run_, plan_).has_value());
}

TEST_F(StandInTest, IsFoundAsSoonAsItsProxyRuns) {
  EXPECT_EQ(find_stand_in_pod(run_, "demo", "abcd1234")->name, "");
  create();
  auto pod = find_stand_in_pod(run_, "demo", "abcd1234");
  EXPECT_FALSE(pod->running);
  EXPECT_THAT(pod->trouble, HasSubstr("Pending"));
  pod = wait_stand_in_running(run_, plan_);
  ASSERT_TRUE(pod.has_value());
  EXPECT_EQ(pod->port, 7443);
  EXPECT_TRUE(pod->running);
}

TEST_F(StandInTest, AnImageThatCanNotBePulledEndsTheWaiting) {
  create();
  pod_status(waiting("web", "ImagePullBackOff", "Back-off pulling image \"ferry-proxy:1\""));
  const Error error = error_of_waiting();
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_THAT(error.why, HasSubstr("Back-off pulling image"));
  EXPECT_THAT(error.fix, HasSubstr("--image"));
}

TEST_F(StandInTest, AProxyThatCrashesEndsTheWaitingASidecarThatDoesDoesNot) {
  create();
  pod_status(waiting("web", "CrashLoopBackOff", "back-off 10s"));
  EXPECT_EQ(error_of_waiting().code, ErrorCode::kUnavailable);
  pod_status(waiting("side", "CrashLoopBackOff", "back-off 10s"));
  const Error error = error_of_waiting();
  EXPECT_EQ(error.code, ErrorCode::kTimedOut);
  EXPECT_THAT(error.why, HasSubstr("container side: CrashLoopBackOff"));
}

TEST_F(StandInTest, APodThatNoNodeTakesEndsTheWaitingAfterAWhile) {
  create();
  pod_status(Json::parse(R"({"phase": "Pending", "conditions": [{"type": "PodScheduled",
    "status": "False", "message": "0/1 nodes are available: 1 node(s) didn't match"}]})"));
  const TimePoint began = cluster_.now();
  EXPECT_THAT(error_of_waiting().why, HasSubstr("0/1 nodes are available"));
  EXPECT_EQ(cluster_.now() - began, std::chrono::seconds(30));
}

TEST_F(StandInTest, AnInitContainerThatFailsIsNamed) {
  create();
  pod_status(Json::parse(R"({"phase": "Pending", "initContainerStatuses": [{"name": "prepare",
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 20s"}}}]})"));
  EXPECT_THAT(error_of_waiting().why, HasSubstr("init container prepare: CrashLoopBackOff"));
}

TEST_F(StandInTest, ARefusalOfThePodIsSaidInTheApiServersWords) {
  create();
  cluster_.intercept = [this](const kube::Request& request) -> std::optional<Result<Json>> {
    if (request.method != "GET") return {};
    if (request.path.ends_with("/pods")) {
      return Result<Json>(Json{{"items", Json::array()}, {"metadata", Json::object()}});
    }
    Json stand_in = find(kube::kDeployments, "web-ferry");
    stand_in["status"]["conditions"] = {{{"type", "ReplicaFailure"},
                                         {"status", "True"},
                                         {"message", "pods \"x\" is forbidden: exceeded quota"}}};
    return Result<Json>(stand_in);
  };
  const Error error = error_of_waiting();
  EXPECT_EQ(error.code, ErrorCode::kForbidden);
  EXPECT_EQ(error.why, "pods \"x\" is forbidden: exceeded quota");
}

TEST_F(StandInTest, RunningOutOfTimeSaysWhatItWaitedForAndTheLatestWarning) {
  create();
  pod_status(waiting("web", "ContainerCreating", ""));
  put(kube::kEvents, Json::parse(R"({"metadata": {"name": "e"}, "type": "Warning",
    "reason": "FailedMount", "message": "configmap \"settings\" not found",
    "involvedObject": {"uid": "u"}})"));
  // The fake knows no such field selector.
  const auto before = cluster_.intercept;
  cluster_.intercept = [this, before](const kube::Request& request) -> std::optional<Result<Json>> {
    if (!request.path.ends_with("/events")) return before(request);
    return Result<Json>(Json{{"items", cluster_.all(kube::kEvents)}, {"metadata", Json::object()}});
  };
  const Error error = error_of_waiting();
  EXPECT_EQ(error.code, ErrorCode::kTimedOut);
  EXPECT_THAT(error.why, HasSubstr("ContainerCreating"));
  EXPECT_THAT(error.why, HasSubstr("FailedMount: configmap \"settings\" not found"));
  EXPECT_THAT(error.fix, AllOf(HasSubstr("--timeout"), Not(HasSubstr("kubectl"))))
      << "the pod is gone by then";
}

TEST_F(StandInTest, OneThatSomebodyDeletesIsNotWaitedFor) {
  create();
  ASSERT_TRUE(wait_stand_in_running(run_, plan_).has_value());
  cluster_.objects().erase(kube::kDeployments, "demo", "web-ferry");
  cluster_.advance(std::chrono::seconds(5));
  const auto pod = wait_stand_in_ready(run_, plan_);
  ASSERT_FALSE(pod.has_value());
  EXPECT_EQ(pod.error().code, ErrorCode::kNotFound);
}

TEST_F(StandInTest, ALateLocalProcessIsWaitedForAsLongAsItTakes) {
  create();
  const TimePoint ready_at = cluster_.now() + std::chrono::minutes(10);
  cluster_.ready = [&](const Json&) { return cluster_.now() >= ready_at; };
  EXPECT_EQ(wait_stand_in_ready(run_, plan_).error().code, ErrorCode::kTimedOut);
  EXPECT_TRUE(wait_stand_in_ready(run_, plan_, true).has_value());
}

// By whoever's note the observer has seen, or by what stands there instead.
TEST_F(StandInTest, TheObserverTellsWhoHasTakenItOver) {
  ASSERT_TRUE(swap());
  const std::string sentence =
      "bob@desk took over deployment/web at .* on 2026-09-2.; nothing of this swap is left";
  SwapRequest theirs = request_;
  theirs.id = "efgh5678";
  theirs.owner = "bob@desk";
  theirs.force = true;
  Json noted;
  cluster_.on_change = [&] {
    const Json stand_in = find(kube::kDeployments, "web-ferry");
    if (!record_text(web()).empty() && stand_in_id(stand_in) == "abcd1234") noted = stand_in;
  };
  SwapObserver watcher(plan_);
  SwapObserver sleeper(plan_);
  const auto plan = clear_the_way(run_, *plan_swap(run_, theirs));
  ASSERT_TRUE(plan.has_value());
  watcher.look_for_taker(noted);
  EXPECT_THAT(watcher.look_at_stand_in(noted), IsEmpty());
  watcher.look_for_taker(Json());
  EXPECT_THAT(watcher.look_at_original(web()), IsEmpty()) << "one sentence is enough";
  auto changes = watcher.look_at_stand_in(Json());
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].kind, ChangeKind::kTakenOver);
  EXPECT_THAT(changes[0].message, ::testing::MatchesRegex(sentence));

  ASSERT_TRUE(create_stand_in(run_, *plan, {}).has_value());
  const Json other = find(kube::kDeployments, "web-ferry");
  sleeper.look_for_taker(other);
  changes = sleeper.look_at_stand_in(other);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_THAT(changes[0].message, ::testing::MatchesRegex(sentence));
}

TEST_F(StandInTest, TheObserverTellsWhatOthersDo) {
  ASSERT_TRUE(swap());
  SwapObserver observer(plan_);
  const auto kinds = [](const std::vector<Change>& changes) {
    std::vector<ChangeKind> all;
    for (const Change& change : changes) all.push_back(change.kind);
    return all;
  };
  EXPECT_THAT(observer.look_at_original(web()), IsEmpty());
  Json object = web();
  object["spec"]["replicas"] = 2;
  EXPECT_THAT(kinds(observer.look_at_original(object)), ElementsAre(ChangeKind::kOriginalScaledUp));
  EXPECT_THAT(observer.look_at_original(object), IsEmpty()) << "told once";
  object["spec"]["replicas"] = 0;
  object["spec"]["template"]["metadata"]["labels"]["version"] = "2";
  EXPECT_THAT(kinds(observer.look_at_original(object)),
              ElementsAre(ChangeKind::kOriginalScaledDown, ChangeKind::kOriginalChanged));
  object["metadata"].erase("annotations");
  EXPECT_THAT(kinds(observer.look_at_original(object)), ElementsAre(ChangeKind::kRecordLost));
  EXPECT_THAT(kinds(observer.look_at_original(Json())), ElementsAre(ChangeKind::kOriginalDeleted));
  EXPECT_THAT(observer.look_at_original(Json()), IsEmpty());

  EXPECT_THAT(observer.look_at_stand_in(find(kube::kDeployments, "web-ferry")), IsEmpty());
  EXPECT_THAT(kinds(observer.look_at_stand_in(Json())), ElementsAre(ChangeKind::kStandInDeleted));
  EXPECT_THAT(observer.look_at_pod("a", "1"), IsEmpty());
  EXPECT_THAT(kinds(observer.look_at_pod("b", "2")), ElementsAre(ChangeKind::kPodMoved));
}

}  // namespace
}  // namespace ferry::swap
