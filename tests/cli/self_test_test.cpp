// `ferry status --test` over a real control socket, with a fake daemon behind it.
#include "cli/self_test.h"

#include <gtest/gtest.h>

#include <optional>
#include <sstream>

#include "daemon/control/server.h"
#include "tests/cli/temp_dir.h"
#include "tests/fakes/fake_service.h"

namespace ferry::cli {
namespace {

class TestLinksTest : public testing::Test {
 protected:
  TestLinksTest() {
    server_.emplace(service_, control::ServerOptions{.socket_path = dir_.path() + "/s"});
    EXPECT_TRUE(server_->start());
  }

  void add_forwards() {
    for (const char* name : {"a", "b"}) {
      control::LinkSpec spec;
      spec.target = {control::TargetKind::kService, name};
      spec.detach = true;
      EXPECT_TRUE(service_.add_link(spec));
    }
    service_.make_active();
  }
  // Not active yet.
  void add_swap() {
    control::SwapSpec spec;
    spec.workload = {control::TargetKind::kDeployment, "web"};
    spec.detach = true;
    EXPECT_TRUE(service_.add_swap(spec));
  }

  TestedLinks test_for(std::chrono::milliseconds patience) {
    const auto tested = test_links(control::Client(dir_.path() + "/s"), terminal_, patience);
    EXPECT_TRUE(tested);
    return tested.value_or(TestedLinks{});
  }

  TempDir dir_;
  control::FakeService service_;
  std::optional<control::Server> server_;
  std::ostringstream out_, error_;
  Terminal terminal_{out_, error_, {}};
};

TEST_F(TestLinksTest, LinksWhoseTestPassesAreFine) {
  add_forwards();
  const auto tested = test_for(std::chrono::minutes(1));
  EXPECT_TRUE(tested.fine);
  EXPECT_EQ(tested.late, "");
}

TEST_F(TestLinksTest, ThoseThatDontAnswerInTimeAreNamed) {
  add_forwards();
  service_.let_tests_go_on();
  const auto tested = test_for(std::chrono::milliseconds(100));
  EXPECT_FALSE(tested.fine);
  EXPECT_EQ(tested.late, "svc/a, svc/b");
  EXPECT_EQ(late_tests(tested).summary(), "testing svc/a, svc/b: no answer came in time");
  EXPECT_EQ(late_tests(tested).id, "cli.test-late");
}

TEST_F(TestLinksTest, AForwardWhoseTestFailsIsNotFine) {
  add_forwards();
  service_.fail_tests_with(Error{ErrorCode::kTimedOut, "connecting to svc/a", "no answer"});
  const auto tested = test_for(std::chrono::minutes(1));
  EXPECT_FALSE(tested.fine);
  EXPECT_EQ(tested.late, "");
}

// Another pod has answered, or the network leads no pod back to itself.
TEST_F(TestLinksTest, WhatATestCanNotDecideIsNotHeldAgainstASwap) {
  add_swap();
  service_.make_active();
  service_.fail_tests_with(Error{ErrorCode::kTimedOut, "connecting to svc/web", "another pod"});
  EXPECT_TRUE(test_for(std::chrono::minutes(1)).fine);
  EXPECT_TRUE(service_.links().front().test.error) << "it was tested, and is shown so";
}

// A refusal makes it wait.
TEST_F(TestLinksTest, ASwapThatIsNotActiveIsNotFine) {
  add_swap();
  EXPECT_FALSE(test_for(std::chrono::minutes(1)).fine);
  service_.make_active();
  EXPECT_TRUE(test_for(std::chrono::minutes(1)).fine);
}

// Its state may be of before the test.
TEST_F(TestLinksTest, ASwapWhoseTestGivesNoAnswerInTimeIsNotFine) {
  add_swap();
  service_.make_active();
  service_.let_tests_go_on();
  const auto tested = test_for(std::chrono::milliseconds(100));
  EXPECT_FALSE(tested.fine);
  EXPECT_EQ(tested.late, "deploy/web");
}

}  // namespace
}  // namespace ferry::cli
