// Swaps through server and client, over a real Unix socket, with a fake daemon behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <future>

#include "daemon/control/client.h"
#include "daemon/control/server.h"
#include "tests/fakes/fake_service.h"

namespace ferry::control {
namespace {

using testing::ElementsAre;

SwapSpec swap_spec_of(bool detach) {
  SwapSpec spec;
  spec.workload = {TargetKind::kDeployment, "web"};
  spec.expose = {{.local = 8081, .remote = {.number = 80}}};
  spec.kube.environment = {{"AWS_PROFILE", "dev"}};
  spec.detach = detach;
  return spec;
}

class SwapServerTest : public testing::Test {
 protected:
  SwapServerTest() {
    mkdtemp(root_.data());
    server_.emplace(service_, ServerOptions{.socket_path = root_ + "/s"});
    EXPECT_TRUE(server_->start());
  }
  ~SwapServerTest() override {
    server_.reset();
    std::filesystem::remove_all(root_);
  }

  Client client() const { return Client(root_ + "/s"); }

  std::string root_ = testing::TempDir() + "ferry-swap-XXXXXX";
  FakeService service_;
  std::optional<Server> server_;
};

TEST_F(SwapServerTest, AHeldSwapIsRestoredWhenItsConnectionEnds) {
  const auto held = client().create(swap_spec_of(false), [&](const Event& event) {
    EXPECT_EQ(event.link->target, (Target{TargetKind::kDeployment, "web"}));
    EXPECT_TRUE(event.link->swap.has_value());
    return false;  // closes the connection
  });
  EXPECT_TRUE(held) << held.error().summary();
  EXPECT_EQ(service_.swap_specs().at(0), swap_spec_of(false));
  EXPECT_TRUE(service_.wait_for_links(
      [](const auto& links) { return links.at(0).state == LinkState::kEnding; }));
}

TEST_F(SwapServerTest, ADetachedSwapOutlivesItsConnection) {
  EXPECT_TRUE(client().create(swap_spec_of(true), [](const Event&) { return false; }));
  EXPECT_TRUE(client().follow("1", [](const Event&) { return false; }));
  EXPECT_EQ(client().links().value().at(0).state, LinkState::kStarting);
}

TEST_F(SwapServerTest, RemovingBeginsTheRestoreAndTheStreamTellsOfItsEnd) {
  ASSERT_TRUE(client().create(swap_spec_of(true), [](const Event&) { return false; }));
  std::vector<EventKind> heard;
  std::promise<void> following;
  auto end = std::async(std::launch::async, [&] {
    return client().follow("1", [&](const Event& event) {
      if (heard.empty()) following.set_value();
      heard.push_back(event.kind);
      return true;
    });
  });
  following.get_future().wait();
  EXPECT_TRUE(client().remove("1"));
  EXPECT_TRUE(client().remove("1")) << "asking again changes nothing";
  EXPECT_EQ(client().links().value().at(0).swap->phase, SwapPhase::kRestoring);
  service_.end_swap("1");
  EXPECT_TRUE(end.get());
  EXPECT_THAT(heard, ElementsAre(EventKind::kLink, EventKind::kEnded));
}

TEST_F(SwapServerTest, PlansAndLists) {
  service_.set_plan({.steps = {"one"}, .objects = {R"({"kind":"Deployment"})"}});
  service_.set_swaps({{.workload = {TargetKind::kDeployment, "web"}, .owner = "ann@laptop"}});
  const auto plan = client().plan_swap(swap_spec_of(false));
  ASSERT_TRUE(plan) << plan.error().summary();
  EXPECT_THAT(plan->steps, ElementsAre("one"));
  EXPECT_EQ(service_.swap_specs().at(0), swap_spec_of(false));
  const auto swaps = client().list_swaps({.kube_namespace = "shop"});
  ASSERT_TRUE(swaps) << swaps.error().summary();
  EXPECT_EQ(swaps->at(0).owner, "ann@laptop");
  EXPECT_EQ(service_.asked_namespace(), "shop");
}

TEST_F(SwapServerTest, ADiagnosisReachesTheClient) {
  const Diagnosis diagnosis{.object = "svc/web", .findings = {{.code = "selects-nothing"}}};
  service_.set_diagnosis(diagnosis);
  const DiagnoseSpec spec{.kube = {.kube_namespace = "shop"},
                          .target = {TargetKind::kService, "web"}};
  EXPECT_EQ(client().diagnose(spec).value(), diagnosis);
  EXPECT_THAT(service_.diagnosed(), ElementsAre(spec));
}

TEST_F(SwapServerTest, TheServicesErrorReachesTheClientWhole) {
  service_.refuse_links_with({ErrorCode::kConflict, "swapping deploy/web", "ann has it", "ask"});
  const auto never = [](const Event&) { return false; };
  for (const auto& error :
       {client().create(swap_spec_of(false), never).error(),
        client().plan_swap(swap_spec_of(false)).error(), client().list_swaps({}).error(),
        client().diagnose({.target = {TargetKind::kService, "web"}}).error()}) {
    EXPECT_EQ(error.code, ErrorCode::kConflict);
    EXPECT_EQ(error.why, "ann has it");
  }
}

TEST_F(SwapServerTest, ARestoreTellsItsStepsAndWhatCameOfIt) {
  service_.set_restore({{.kind = EventKind::kProgress, .message = "waiting for web"}},
                       std::string("web is back at 3"));
  std::vector<std::string> heard;
  const auto restored = client().restore(
      {.workload = {TargetKind::kDeployment, "web"}, .force = true}, [&](const Event& event) {
        heard.push_back(std::string(name_of(event.kind)) + " " + event.message);
        return true;
      });
  EXPECT_TRUE(restored) << restored.error().summary();
  EXPECT_THAT(heard, ElementsAre("progress waiting for web", "ended web is back at 3"));
  EXPECT_TRUE(service_.restores().at(0).force);
}

TEST_F(SwapServerTest, AFailedRestoreEndsWithItsError) {
  service_.set_restore({}, fail(ErrorCode::kForbidden, "scaling web", "no", "ask"));
  std::optional<Error> error;
  EXPECT_TRUE(
      client().restore({.workload = {TargetKind::kDeployment, "web"}}, [&](const Event& event) {
        error = event.error;
        return true;
      }));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kForbidden);
}

TEST_F(SwapServerTest, TheEnvironmentComesThroughOrWhyItDoesNot) {
  EXPECT_EQ(client().environment("1").error().code, ErrorCode::kUnavailable);
  service_.set_environment(R"({"environment":[{"name":"A","value":"b"}]})");
  const auto environment = client().environment("1");
  ASSERT_TRUE(environment) << environment.error().summary();
  EXPECT_THAT(environment->variables, ElementsAre(Variable{"A", "b"}));
}

}  // namespace
}  // namespace ferry::control
