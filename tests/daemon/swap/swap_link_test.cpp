#include "daemon/swap/swap_link.h"

#include "tests/daemon/swap/swap_house.h"
#include "tests/fakes/tcp_relay.h"

namespace ferry::daemon::testing {
namespace {

using control::LinkState;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kWeb = "/apis/apps/v1/namespaces/demo/deployments/web";

Error refused(ErrorCode code) { return Error{code, "PATCH web", "not today", {}}; }

class SwapLinkTest : public SwapHouse, private SwapLinkEvents {
 protected:
  void make(control::SwapSpec spec) {
    SwapLinkEvents& events = *this;
    link_ = std::make_unique<SwapLink>(house_, "s1", "abcd12345678", std::move(spec), events);
  }
  void start(control::SwapSpec spec, bool again = false) {
    make(std::move(spec));
    link_->start(again);
  }
  void start() { start(spec()); }
  // Ends like a daemon that was killed.
  void crash() {
    link_.reset();
    phases_.clear();
  }
  SwapPhase phase() const { return phases_.empty() ? SwapPhase::kPlanning : phases_.back(); }
  bool wait_for(SwapPhase phase) {
    return wait([&] { return this->phase() == phase; });
  }
  void swap() {
    start();
    ASSERT_TRUE(wait([&] { return link_ && link_->status().state == LinkState::kActive; }));
  }
  bool wait_told(const std::string& words) {
    return wait([&] { return told(words); });
  }
  bool told(const std::string& words) const {
    return ::testing::Matches(Contains(HasSubstr(words)))(messages_);
  }
  // Whatever it ended by.
  void expect_all_as_before() {
    ASSERT_TRUE(wait_for(SwapPhase::kOver));
    EXPECT_EQ(snapshot(), before_);
  }
  template <typename Change>
  void change_web(Change change) {
    cluster_->with([&](swap::SimCluster& cluster) {
      auto web = *cluster.objects().find(kube::kDeployments, "demo", "web");
      change(web);
      cluster.objects().put(kube::kDeployments, "demo", web);
    });
  }
  // What the API server answers in the cluster's stead.
  void intercept(std::function<std::optional<Result<kube::Json>>(const kube::Request&)> answer) {
    cluster_->with([&](swap::SimCluster& cluster) { cluster.intercept = std::move(answer); });
  }

  std::unique_ptr<SwapLink> link_;
  std::vector<SwapPhase> phases_;
  std::vector<LinkState> states_;
  std::vector<std::string> messages_;
  int begun_ = 0;
  kube::Json when_begun_;  // the cluster
  std::optional<Error> error_;

 private:
  void on_swap_changed(SwapLink& swap) override {
    const auto status = swap.status();
    if (phase() != status.swap->phase) phases_.push_back(status.swap->phase);
    if (states_.empty() || states_.back() != status.state) states_.push_back(status.state);
  }
  void on_swap_message(SwapLink&, EventKind, const std::string& message) override {
    messages_.push_back(message);
  }
  void on_swap_begins(SwapLink&) override {
    ++begun_;
    when_begun_ = snapshot();
  }
  void on_swap_over(SwapLink&, const std::optional<Error>& error) override {
    error_ = error;
    loop->delete_later(std::move(link_));
  }
};

// Never answers.
class SilentSource final : public CarrierSource {
  void connect(Callback callback, Progress) override { callback_ = std::move(callback); }
  std::unique_ptr<CarrierSource> abandon() override { return nullptr; }
  Callback callback_;
};

TEST_F(SwapLinkTest, GoesThroughItsPhasesInOrderAndLeavesNothing) {
  swap();
  EXPECT_EQ(begun_, 1);
  EXPECT_EQ(when_begun_, before_) << "it was to be written down before anything is touched";
  EXPECT_EQ(replicas(), 0U);
  EXPECT_THAT(phases_,
              ElementsAre(SwapPhase::kStarting, SwapPhase::kConnecting, SwapPhase::kWaiting,
                          SwapPhase::kTakingOver, SwapPhase::kSwapped));
  const auto status = link_->status();
  EXPECT_TRUE(status.swap->ready);
  EXPECT_EQ(status.swap->original_replicas, 3U);
  EXPECT_EQ(status.swap->stand_in, "web-ferry");
  EXPECT_THAT(status.swap->pod, HasSubstr("web-ferry-"));
  phases_.clear();
  link_->end();
  EXPECT_EQ(phase(), SwapPhase::kRestoring);
  expect_all_as_before();
  EXPECT_THAT(phases_, ElementsAre(SwapPhase::kRestoring, SwapPhase::kOver));
  EXPECT_FALSE(error_.has_value()) << error_->summary();
}

TEST_F(SwapLinkTest, EndedWhilePlanningItIsOverAtOnce) {
  cluster_->hold(std::string("GET ") + kWeb);
  start();
  ASSERT_TRUE(wait([&] { return cluster_->is_held(); }));
  link_->end();
  EXPECT_EQ(phase(), SwapPhase::kOver);
  EXPECT_EQ(begun_, 0);
  EXPECT_FALSE(error_.has_value());
  cluster_->let_go();
}

class SwapLinkEndedTest : public SwapLinkTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(SwapLinkEndedTest, InTheMiddleOfACallItPutsEverythingBackOnce) {
  cluster_->hold(GetParam());
  start();
  ASSERT_TRUE(wait([&] { return cluster_->is_held(); }));
  ASSERT_EQ(begun_, 1);
  link_->end();
  link_->end();
  EXPECT_EQ(phase(), SwapPhase::kRestoring);
  cluster_->let_go();
  expect_all_as_before();
  EXPECT_FALSE(error_.has_value()) << error_->summary();
  EXPECT_EQ(std::count(phases_.begin(), phases_.end(), SwapPhase::kRestoring), 1);
}

INSTANTIATE_TEST_SUITE_P(
    WhileStartingAndTakingOver, SwapLinkEndedTest,
    ::testing::Values("POST /api/v1/namespaces/demo/secrets",
                      "PATCH /apis/apps/v1/namespaces/demo/deployments/web-ferry",
                      "PATCH /api/v1/namespaces/demo/services/web",
                      "PATCH /apis/apps/v1/namespaces/demo/deployments/web"));

TEST_F(SwapLinkTest, EndedWhileConnectingItPutsEverythingBack) {
  backend_.proxy_at_stand_in = [](const StandInPlace&) { return std::make_unique<SilentSource>(); };
  start();
  ASSERT_TRUE(wait_for(SwapPhase::kConnecting));
  EXPECT_EQ(replicas(), 3U);
  link_->end();
  expect_all_as_before();
}

TEST_F(SwapLinkTest, EndedTwiceWhileRestoringItGoesOn) {
  swap();
  cluster_->hold(std::string("PATCH ") + kWeb);
  link_->end();
  ASSERT_TRUE(wait([&] { return cluster_->is_held(); }));
  link_->end();
  cluster_->let_go();
  expect_all_as_before();
}

TEST_F(SwapLinkTest, WaitsForTheLocalProcessWithTheOriginalUntouched) {
  local_->close();
  start();
  ASSERT_TRUE(
      wait([&] { return !link_->status().reason.empty() && phase() == SwapPhase::kWaiting; }));
  EXPECT_EQ(replicas(), 3U);
  EXPECT_EQ(link_->status().reason, "nothing listens on 127.0.0.1:" + std::to_string(local_port_));
  local_.emplace(loop, local_port_);
  ASSERT_TRUE(wait_for(SwapPhase::kSwapped));
  EXPECT_EQ(replicas(), 0U);
}

// --- out of time ---------------------------------------------------------------------------------

TEST_F(SwapLinkTest, AStandInThatDoesNotStartInTimeIsUndone) {
  intercept([](const kube::Request& request) -> std::optional<Result<kube::Json>> {
    if (request.method != "GET" || !request.path.ends_with("/pods")) return {};
    return kube::Json{{"kind", "PodList"}, {"items", kube::Json::array()}};
  });
  auto hasty = spec();
  hasty.step_timeout_seconds = 7;
  start(hasty);
  ASSERT_TRUE(wait_for(SwapPhase::kOver));
  ASSERT_TRUE(error_.has_value());
  EXPECT_EQ(error_->code, ErrorCode::kTimedOut);
  EXPECT_THAT(error_->why, HasSubstr("after 7 s"));
  expect_all_as_before();
}

TEST_F(SwapLinkTest, AStandInThatTheClusterDoesNotFindReadyInTimeIsUndone) {
  cluster_->with([](swap::SimCluster& cluster) {
    cluster.ready = [](const kube::Json& pod) {
      return !pod["metadata"]["labels"].contains("ferry.dev/stand-in");
    };
  });
  auto hasty = spec();
  hasty.step_timeout_seconds = 10;
  start(hasty);
  ASSERT_TRUE(wait_for(SwapPhase::kOver));
  ASSERT_TRUE(error_.has_value());
  EXPECT_EQ(error_->code, ErrorCode::kTimedOut);
  EXPECT_THAT(phases_, Contains(SwapPhase::kTakingOver));
  expect_all_as_before();
}

TEST_F(SwapLinkTest, AProxyThatIsNotReachedInTimeIsUndone) {
  cluster_->with([](swap::SimCluster& cluster) { cluster.start_time = {}; });
  backend_.proxy_at_stand_in = [](const StandInPlace&) { return std::make_unique<SilentSource>(); };
  auto hasty = spec();
  hasty.step_timeout_seconds = 1;
  start(hasty);
  expect_all_as_before();
  ASSERT_TRUE(error_.has_value());
  EXPECT_EQ(error_->code, ErrorCode::kTimedOut);
  EXPECT_THAT(error_->what, HasSubstr("connecting to pod/web-ferry-"));
}

TEST_F(SwapLinkTest, ALocalProcessThatDoesNotComeInTimeIsNamed) {
  cluster_->with([](swap::SimCluster& cluster) { cluster.start_time = {}; });
  local_->close();
  auto hasty = spec();
  hasty.step_timeout_seconds = 1;
  start(hasty);
  expect_all_as_before();
  ASSERT_TRUE(error_.has_value());
  EXPECT_EQ(error_->code, ErrorCode::kTimedOut);
  EXPECT_EQ(error_->why, "nothing listens on 127.0.0.1:" + std::to_string(local_port_));
}

// --- the way out ---------------------------------------------------------------------------------

TEST_F(SwapLinkTest, ARefusedRestoreIsTriedAgainUntilItIsAllowed) {
  swap();
  auto refusals = std::make_shared<int>(3);
  intercept([refusals](const kube::Request& request) -> std::optional<Result<kube::Json>> {
    if (request.method != "PATCH" || request.path != kWeb || *refusals == 0) return {};
    --*refusals;
    return fail(refused(ErrorCode::kForbidden));
  });
  link_->end();
  ASSERT_TRUE(wait_told("trying again soon: PATCH web: not today"));
  expect_all_as_before();
  EXPECT_FALSE(error_.has_value());
  EXPECT_EQ(*refusals, 0);
}

TEST_F(SwapLinkTest, WhereNotEvenReadingIsAllowedItSaysWhoCanPutItBack) {
  swap();
  intercept([](const kube::Request&) -> std::optional<Result<kube::Json>> {
    return fail(refused(ErrorCode::kForbidden));
  });
  bool restored = true;
  link_->end();
  ASSERT_TRUE(wait([&] {
    if (link_) restored = link_->restored();
    return error_.has_value();
  }));
  EXPECT_FALSE(restored);
  EXPECT_EQ(error_->code, ErrorCode::kForbidden);
  EXPECT_THAT(error_->fix, HasSubstr("`ferry restore deploy/web` puts it back"));
}

TEST_F(SwapLinkTest, AnOriginalThatIsGoneIsNoReasonToGoOnForEver) {
  swap();
  cluster_->with([](swap::SimCluster& cluster) {
    cluster.objects().erase(kube::kDeployments, "demo", "web");
  });
  ASSERT_TRUE(wait_told("deployment/web was deleted"));
  link_->end();
  ASSERT_TRUE(wait_for(SwapPhase::kOver));
  EXPECT_FALSE(error_.has_value());
  EXPECT_TRUE(cluster_->find(kube::kDeployments, "web-ferry").is_null());
}

TEST_F(SwapLinkTest, AStandInThatIsMadeAfterTheRestoreHasLookedGoesAsWell) {
  cluster_->with([](swap::SimCluster& cluster) {
    cluster.late = "POST /apis/apps/v1/namespaces/demo/deployments";
  });
  start();
  ASSERT_TRUE(wait_told("deployment/web-ferry: removing the stand-in"));
  expect_all_as_before();
  ASSERT_TRUE(error_.has_value());
  EXPECT_EQ(error_->code, ErrorCode::kTimedOut);
}

TEST_F(SwapLinkTest, AScalingThatTakesEffectLateIsTakenBack) {
  cluster_->with([](swap::SimCluster& cluster) { cluster.late = std::string("PATCH ") + kWeb; });
  start();
  ASSERT_TRUE(wait_told("deployment/web: scaling back to 3"));
  expect_all_as_before();
}

// --- after a crash -------------------------------------------------------------------------------

TEST_F(SwapLinkTest, TakenUpAgainItServesWithoutScalingAnew) {
  swap();
  crash();
  start(spec(), true);
  ASSERT_TRUE(wait_for(SwapPhase::kSwapped));
  EXPECT_EQ(link_->status().swap->original_replicas, 3U);
  link_->end();
  expect_all_as_before();
}

// The environment of whoever began it isn't written down.
TEST_F(SwapLinkTest, TakenUpAgainItFindsTheProgramsOfExecProbes) {
  change_web([](kube::Json& web) {
    web["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] = {
        {"exec", {{"command", {"true"}}}}};
  });
  auto wanted = spec();
  wanted.kube.environment = {{"PATH", "/usr/bin:/bin"}};
  start(wanted);
  ASSERT_TRUE(wait_for(SwapPhase::kSwapped));
  crash();
  start(spec(), true);
  ASSERT_TRUE(wait_for(SwapPhase::kSwapped));
}

TEST_F(SwapLinkTest, TakenUpAgainItWaitsForTheClusterForAsLongAsItTakes) {
  swap();
  crash();
  auto failures = std::make_shared<int>(20);
  intercept([failures](const kube::Request&) -> std::optional<Result<kube::Json>> {
    if (*failures == 0) return {};
    --*failures;
    return fail(refused(ErrorCode::kUnreachable));
  });
  start(spec(), true);
  ASSERT_TRUE(wait_for(SwapPhase::kSwapped));
  EXPECT_EQ(*failures, 0);
}

TEST_F(SwapLinkTest, WhatWasRestoredMeanwhileIsNotTakenUpAgain) {
  make(spec());
  link_->start(true);
  ASSERT_TRUE(wait_for(SwapPhase::kOver));
  ASSERT_TRUE(error_.has_value());
  EXPECT_EQ(error_->code, ErrorCode::kGone);
  EXPECT_EQ(snapshot(), before_);
}

TEST_F(SwapLinkTest, CleaningUpPutsBackWhatWasLeft) {
  swap();
  crash();
  make(spec());
  link_->clean_up();
  expect_all_as_before();
  EXPECT_FALSE(error_.has_value());
  EXPECT_THAT(phases_, ElementsAre(SwapPhase::kRestoring, SwapPhase::kOver));
}

// --- tested from inside the cluster --------------------------------------------------------------

// The Service "web" is an address of the loopback.
class SwapSelfTest : public SwapLinkTest {
 protected:
  void service_at(const net::HostPort& address) {
    cluster_->with([&](swap::SimCluster& cluster) {
      auto service = *cluster.objects().find(kube::kServices, "demo", "web");
      service["spec"]["clusterIP"] = address.host;
      service["spec"]["ports"][0]["port"] = address.port;
      cluster.objects().put(kube::kServices, "demo", service);
    });
  }
  control::SelfTest test() const { return link_->status().test; }
};

TEST_F(SwapSelfTest, ASwapThatIsActiveWasReachedThroughItsService) {
  ferry::testing::TcpRelay service(*loop, {"127.0.0.1", remote_});
  service_at(service.address());
  swap();
  EXPECT_EQ(test().way, "from inside the cluster through svc/web to here");
  EXPECT_GT(test().passed, 0);
  EXPECT_FALSE(test().error);
  EXPECT_FALSE(local_->sockets.empty());
}

TEST_F(SwapSelfTest, ATestIsNoCaller) {
  ferry::testing::TcpRelay service(*loop, {"127.0.0.1", remote_});
  service_at(service.address());
  swap();
  link_->test_now();
  ASSERT_TRUE(wait([&] { return local_->sockets.size() == 2; }));
  EXPECT_EQ(link_->status().traffic.open_connections, 0U);
  ASSERT_TRUE(wait([&] { return !test().under_way; }));
  EXPECT_EQ(link_->status().traffic.total_connections, 0U);
  EXPECT_EQ(link_->status().traffic.open_connections, 0U);
  std::unique_ptr<net::ByteStream> caller;
  const net::Dial dial(*loop, {"127.0.0.1", remote_}, {}, [&](auto stream) {
    if (stream) caller = std::move(*stream);
  });
  ASSERT_TRUE(wait([&] { return link_->status().traffic.total_connections == 1; }));
  EXPECT_EQ(link_->status().traffic.open_connections, 1U);
}

TEST_F(SwapSelfTest, AServiceThatRefusesIsToldUntilItLeadsHere) {
  const auto address = proxy::testing::free_address(loop);
  service_at(address);
  start();
  ASSERT_TRUE(wait_for(SwapPhase::kSwapped));
  ASSERT_TRUE(wait([&] { return link_->status().state == LinkState::kWaiting; }));
  EXPECT_THAT(link_->status().reason, HasSubstr("refused"));
  EXPECT_EQ(test().passed, 0);
  const ferry::testing::TcpRelay service(*loop, {"127.0.0.1", remote_}, address.port);
  ASSERT_TRUE(wait([&] { return link_->status().state == LinkState::kActive; }));
  EXPECT_GT(test().passed, 0);
}

TEST_F(SwapSelfTest, AnotherPodsAnswerIsToldAndSpeaksNotAgainstTheSwap) {
  const proxy::testing::Service other(loop);
  service_at(other.address());
  swap();
  ASSERT_TRUE(test().error);
  EXPECT_EQ(test().error->why, "another pod has answered");
  EXPECT_EQ(test().passed, 0);
}

TEST_F(SwapSelfTest, ACallerShowsAsMuchAsATest) {
  const proxy::testing::Service other(loop);
  service_at(other.address());
  swap();
  std::unique_ptr<net::ByteStream> caller;
  const net::Dial dial(*loop, {"127.0.0.1", remote_}, {}, [&](auto stream) {
    if (stream) caller = std::move(*stream);
  });
  ASSERT_TRUE(wait([&] { return test().passed > 0; }));
  EXPECT_FALSE(test().error);
}

TEST_F(SwapSelfTest, AskedForWhileTheProcessIsGoneItHasFailed) {
  ferry::testing::TcpRelay service(*loop, {"127.0.0.1", remote_});
  service_at(service.address());
  swap();
  ASSERT_FALSE(test().error);
  local_->close();
  ASSERT_TRUE(wait([&] { return link_->status().state == LinkState::kWaiting; }));
  link_->test_now();
  ASSERT_TRUE(test().error);
  EXPECT_EQ(test().error->id, "daemon.not-tested");
  EXPECT_THAT(test().error->why, HasSubstr("nothing listens"));
  EXPECT_FALSE(test().under_way);
}

TEST_F(SwapSelfTest, ATestThatWasAskedForAndCutOffHasFailed) {
  const proxy::testing::Service other(loop);  // so that the test lasts until it is cut
  service_at(other.address());
  swap();
  link_->test_now();
  EXPECT_TRUE(test().under_way);
  relay->cut();
  ASSERT_TRUE(wait([&] { return !test().under_way; }));
  ASSERT_TRUE(test().error);
  EXPECT_EQ(test().error->id, "daemon.not-tested");
}

// --- while it holds ------------------------------------------------------------------------------

TEST_F(SwapLinkTest, ALostTunnelIsToldAndComesBack) {
  swap();
  states_.clear();
  relay->cut();
  ASSERT_TRUE(wait([&] { return !states_.empty() && states_.back() == LinkState::kActive; }));
  EXPECT_THAT(states_, ElementsAre(LinkState::kWaiting, LinkState::kActive));
  EXPECT_EQ(phase(), SwapPhase::kSwapped);
}

TEST_F(SwapLinkTest, AClosedLocalPortIsToldAndTheSwapStays) {
  swap();
  local_->close();
  ASSERT_TRUE(wait([&] { return link_->status().state == LinkState::kWaiting; }));
  EXPECT_FALSE(link_->status().swap->ready);
  EXPECT_FALSE(link_->status().swap->ports.at(0).open);
  EXPECT_EQ(link_->status().reason, "nothing listens on 127.0.0.1:" + std::to_string(local_port_));
  local_.emplace(loop, local_port_);
  ASSERT_TRUE(wait([&] { return link_->status().state == LinkState::kActive; }));
  EXPECT_EQ(replicas(), 0U);
}

TEST_F(SwapLinkTest, WhoScalesTheOriginalUpMeanwhileIsToldAndKeepsIt) {
  swap();
  change_web([](kube::Json& web) { web["spec"]["replicas"] = 2; });
  ASSERT_TRUE(wait_told("somebody has scaled deployment/web to 2"));
  EXPECT_EQ(phase(), SwapPhase::kSwapped);
  link_->end();
  ASSERT_TRUE(wait_for(SwapPhase::kOver));
  EXPECT_EQ(replicas(), 2U);
}

TEST_F(SwapLinkTest, ARecordThatIsTakenOffIsToldAndTheReplicasComeBackAllTheSame) {
  swap();
  change_web([](kube::Json& web) { web["metadata"]["annotations"].erase("ferry.dev/swap"); });
  ASSERT_TRUE(wait_told("the record on deployment/web was taken off"));
  link_->end();
  expect_all_as_before();
}

TEST_F(SwapLinkTest, AStandInThatSomebodyDeletesEndsTheSwap) {
  swap();
  cluster_->with([](swap::SimCluster& cluster) {
    cluster.objects().erase(kube::kDeployments, "demo", "web-ferry");
  });
  expect_all_as_before();
  ASSERT_TRUE(error_.has_value());
  EXPECT_EQ(error_->code, ErrorCode::kGone);
  EXPECT_THAT(error_->why, HasSubstr("deployment/web-ferry was deleted"));
}

TEST_F(SwapLinkTest, AnotherPodOfTheStandInIsTold) {
  swap();
  const std::string first = link_->status().swap->pod;
  cluster_->with([&](swap::SimCluster& cluster) {
    cluster.objects().erase(kube::kPods, "demo", first);
    cluster.advance(std::chrono::seconds(3));
  });
  ASSERT_TRUE(wait_told("stands in instead of pod/" + first));
  EXPECT_NE(link_->status().swap->pod, first);
}

TEST_F(SwapLinkTest, TheEnvironmentIsThatOfTheProxy) {
  start();
  EXPECT_EQ(link_->environment().error().code, ErrorCode::kUnavailable);
  ASSERT_TRUE(wait([&] { return link_ && link_->environment().has_value(); }));
  EXPECT_THAT(*link_->environment(), HasSubstr(R"({"name":"A","value":"1"})"));
}

}  // namespace
}  // namespace ferry::daemon::testing
