#include "daemon/link_health.h"

#include <gtest/gtest.h>

#include <map>

#include "daemon/problems.h"
#include "net/loop.h"

namespace ferry::daemon {
namespace {

const Error kRefusal{problem::kTargetRefused, "connecting to web-1:9999", "refused"};

// Connections wait until the test says what comes of them.
class HeldRoute final : public LinkRoute {
 public:
  void carry(std::size_t port, std::unique_ptr<net::ByteStream>,
             ConnectionObserver& observer) override {
    waiting_[port] = &observer;
  }
  void forget(const ConnectionObserver& observer) override {
    std::erase_if(waiting_, [&](const auto& entry) { return entry.second == &observer; });
  }
  OpenTraffic traffic(const ConnectionObserver&) const override { return {}; }
  void set_view(const TargetView&) override {}
  std::string blocked() const override { return {}; }
  control::Route kind() const override { return control::Route::kDirect; }

  // A target that ends its side as soon as it reads the other's end.
  void accept(std::size_t port) {
    waiting_.at(port)->on_connected(port);
    waiting_.at(port)->on_ended(port, {.opened = true});
  }
  void refuse(std::size_t port) {
    waiting_.at(port)->on_ended(port, {.opened = false, .error = kRefusal});
  }

 private:
  std::map<std::size_t, ConnectionObserver*> waiting_;
};

class LinkHealthTest : public ::testing::Test {
 protected:
  // Both ports.
  void test() {
    health_.watch(route_);
    health_.test_now();
  }

  std::unique_ptr<net::Loop> loop_ = std::make_unique<net::Loop>();
  HeldRoute route_;
  LinkHealth health_{*loop_, 2, std::chrono::minutes(5), [] {}};
};

TEST_F(LinkHealthTest, OnePortThatWorksMakesNoLinkThatPassed) {
  test();
  route_.accept(0);
  EXPECT_EQ(health_.last_test().passed, 0);
  EXPECT_EQ(health_.last_test().tested, 0);
  EXPECT_TRUE(health_.last_test().under_way);
  route_.refuse(1);
  EXPECT_GT(health_.last_test().tested, 0);
  health_.connected(0);  // a user's
  EXPECT_EQ(health_.last_test().passed, 0);
  ASSERT_TRUE(health_.last_test().error);
  EXPECT_EQ(health_.last_test().error->what, kRefusal.what);
}

TEST_F(LinkHealthTest, ItPassedWhenTheLastOfItsPortsDid) {
  test();
  route_.accept(0);
  route_.accept(1);
  const auto both = health_.last_test();
  EXPECT_GT(both.passed, 0);
  EXPECT_FALSE(both.error);
  while (control::unix_millis_now() <= both.tested) {
  }
  // Users come to the one; nobody knows of the other.
  health_.connected(0);
  EXPECT_LE(health_.last_test().passed, both.tested);
  EXPECT_GT(health_.last_test().tested, both.tested);
  test();
  route_.accept(0);
  route_.refuse(1);
  EXPECT_LE(health_.last_test().passed, both.tested);
  EXPECT_TRUE(health_.last_test().error);
}

TEST_F(LinkHealthTest, ATestThatWasAskedForAndCutOffHasFailed) {
  const Error lost{problem::kNotTested, "testing svc/web", "the tunnel is lost"};
  test();
  route_.accept(0);
  route_.accept(1);
  health_.test_now();
  route_.accept(0);
  health_.stop(lost);
  const auto cut = health_.last_test();
  ASSERT_TRUE(cut.error);
  EXPECT_EQ(cut.error->why, lost.why);
  EXPECT_GE(cut.tested, cut.passed);
  EXPECT_FALSE(cut.under_way);
  // Nothing was asked for.
  test();
  route_.accept(0);
  route_.accept(1);
  health_.stop(lost);
  EXPECT_FALSE(health_.last_test().error);
}

}  // namespace
}  // namespace ferry::daemon
