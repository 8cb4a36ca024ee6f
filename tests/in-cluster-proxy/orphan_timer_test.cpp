#include "in-cluster-proxy/orphan_timer.h"

#include <gtest/gtest.h>

#include "tests/net/harness.h"

namespace ferry::proxy {
namespace {

using net::testing::TestLoop;
using std::chrono::milliseconds;

class FakeRestore final : public OrphanRestore {
 public:
  explicit FakeRestore(TestLoop& loop) : loop_(loop) {}
  void start(std::function<void(Status)> done) override {
    ++attempts;
    done_ = std::move(done);
    loop_.poke();
  }
  void finish(Status status) { done_(std::move(status)); }
  int attempts = 0;

 private:
  TestLoop& loop_;
  std::function<void(Status)> done_;
};

class OrphanTimerTest : public ::testing::Test {
 protected:
  static Status failure() { return fail(ErrorCode::kUnavailable, "restoring", "not now"); }

  TestLoop loop_;
  FakeRestore restore_{loop_};
  OrphanOptions options_{milliseconds(20), milliseconds(1), milliseconds(5)};
};

TEST_F(OrphanTimerTest, RestoresWhenNoDaemonEverCame) {
  OrphanTimer timer(*loop_, options_, &restore_);
  ASSERT_TRUE(loop_.run_until([&] { return restore_.attempts == 1; }));
}

TEST_F(OrphanTimerTest, RepeatsUntilItHasBeenDone) {
  OrphanTimer timer(*loop_, options_, &restore_);
  for (int attempt = 1; attempt <= 4; ++attempt) {
    ASSERT_TRUE(loop_.run_until([&] { return restore_.attempts == attempt; }));
    restore_.finish(failure());
  }
  ASSERT_TRUE(loop_.run_until([&] { return restore_.attempts == 5; }));
  restore_.finish({});
  timer.set_attached(true);
  timer.set_attached(false);
  loop_.run_for(milliseconds(60));
  EXPECT_EQ(restore_.attempts, 5);
}

TEST_F(OrphanTimerTest, ADaemonStopsTheTimerAndItsLossStartsItAnew) {
  OrphanTimer timer(*loop_, options_, &restore_);
  timer.set_attached(true);
  loop_.run_for(milliseconds(60));
  EXPECT_EQ(restore_.attempts, 0);
  timer.set_attached(false);
  timer.set_attached(false);
  ASSERT_TRUE(loop_.run_until([&] { return restore_.attempts == 1; }));
}

TEST_F(OrphanTimerTest, ADaemonThatComesBackStopsFurtherAttempts) {
  OrphanTimer timer(*loop_, options_, &restore_);
  ASSERT_TRUE(loop_.run_until([&] { return restore_.attempts == 1; }));
  timer.set_attached(true);
  restore_.finish(failure());
  loop_.run_for(milliseconds(60));
  EXPECT_EQ(restore_.attempts, 1);
}

TEST_F(OrphanTimerTest, WithoutATimeOutItNeverRestores) {
  options_.timeout = {};
  OrphanTimer timer(*loop_, options_, &restore_);
  loop_.run_for(milliseconds(60));
  EXPECT_EQ(restore_.attempts, 0);
}

}  // namespace
}  // namespace ferry::proxy
