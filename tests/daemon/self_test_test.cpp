// What a link finds out about itself from end to end, without a user's connection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon/house.h"
#include "tests/daemon/objects.h"
#include "tests/fakes/echo_server.h"

namespace ferry::daemon {
namespace {

using control::LinkState;
using ::testing::HasSubstr;

// Pods on the loopback, the direct route.
class SelfTestTest : public testing::House {
 protected:
  SelfTestTest() {
    api().put(kube::kServices, "default", testing::make_service("web", 80, "http"));
    api().put(kube::kEndpointSlices, "default", testing::make_slice("web", 8080, {"web-1"}));
    run([this] {
      server_ = std::make_unique<testing::EchoServer>(loop(), "one:");
      backend().pods["web-1"] = server_->address();
    });
  }
  ~SelfTestTest() override {
    end_daemon();
    run([this] { server_.reset(); });
  }

  control::LinkStatus active_link() {
    const auto link = add({.target = {control::TargetKind::kService, "web"},
                           .ports = {{.local = 0, .remote = {.number = 80}}},
                           .route = control::Route::kDirect});
    return events().wait_for_state(link.id, LinkState::kActive);
  }
  control::SelfTest test_of(const std::string& id) { return daemon().link(id)->test; }
  // Until the link has been tested after that.
  control::SelfTest next_test(const std::string& id, control::UnixMillis after) {
    auto test = test_of(id);
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (test.tested <= after && std::chrono::steady_clock::now() < limit) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      test = test_of(id);
    }
    return test;
  }

  std::unique_ptr<testing::EchoServer> server_;
};

TEST_F(SelfTestTest, AnActiveLinkSaysWhenItLastWorked) {
  const auto link = active_link();
  EXPECT_GT(link.test.passed, 0);
  EXPECT_EQ(link.test.tested, link.test.passed);
  EXPECT_EQ(link.test.way, "a connection to svc/web");
  EXPECT_FALSE(link.test.error);
}

TEST_F(SelfTestTest, AnIdleLinkIsTestedAgain) {
  test_every(std::chrono::milliseconds(20));
  const auto link = active_link();
  const auto again = next_test(link.id, link.test.tested);
  EXPECT_GT(next_test(link.id, again.tested).passed, link.test.passed);
}

TEST_F(SelfTestTest, ATestThatFailsMakesTheLinkWaitAndTellsWhenItLastWorked) {
  test_every(std::chrono::milliseconds(20));
  const auto link = active_link();
  run([this] { backend().pods.clear(); });
  const auto waiting = events().wait_for_state(link.id, LinkState::kWaiting);
  ASSERT_TRUE(waiting.test.error);
  EXPECT_THAT(waiting.reason, HasSubstr(waiting.test.error->why));
  EXPECT_GE(waiting.test.passed, link.test.passed);
  EXPECT_GE(waiting.test.tested, waiting.test.passed);
  run([this] { backend().pods["web-1"] = server_->address(); });
  EXPECT_FALSE(events().wait_for_state(link.id, LinkState::kActive).test.error);
}

TEST_F(SelfTestTest, ALinkIsTestedWhenAsked) {
  const auto link = active_link();
  run([this] { backend().pods.clear(); });
  ASSERT_TRUE(daemon().test_link(link.id));
  EXPECT_TRUE(events().wait_for_state(link.id, LinkState::kWaiting).test.error);
  EXPECT_EQ(daemon().test_link("f99").error().code, ErrorCode::kNotFound);
}

TEST_F(SelfTestTest, AskedForWithoutAWayItHasFailedByWhatIsInTheWay) {
  const auto link = active_link();
  api().put(kube::kEndpointSlices, "default", testing::make_slice("web", 8080, {}));
  const auto waiting = events().wait_for_state(link.id, LinkState::kWaiting);
  EXPECT_FALSE(waiting.test.error);
  ASSERT_TRUE(daemon().test_link(link.id));
  const auto test = test_of(link.id);
  ASSERT_TRUE(test.error);
  EXPECT_EQ(test.error->id, "daemon.not-tested");
  EXPECT_EQ(test.error->why, waiting.reason);
  EXPECT_GE(test.tested, test.passed);
  EXPECT_FALSE(test.under_way);
}

}  // namespace
}  // namespace ferry::daemon
