#include "daemon/swap/step_runner.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "tests/daemon/loop_thread.h"

namespace ferry::daemon {
namespace {

using std::chrono::hours;

class StepRunnerTest : public ::testing::Test {
 protected:
  ~StepRunnerTest() override {
    thread_.run([this] {
      runner_.reset();
      workers_.reset();
    });
  }
  void run(StepRunner::Step step) {
    thread_.run([&] { runner_->run(std::move(step)); });
  }

  testing::LoopThread thread_;
  std::unique_ptr<Workers> workers_ = std::make_unique<Workers>(thread_.loop());
  std::unique_ptr<StepRunner> runner_ = std::make_unique<StepRunner>(*workers_);
};

TEST_F(StepRunnerTest, AStepBeginsOnlyWhenTheOneBeforeHasReturned) {
  std::promise<void> began;
  std::promise<void> cancelled;
  std::promise<void> may_return;
  std::atomic<bool> returned = false;
  run([&](const TaskContext& task) {
    began.set_value();
    EXPECT_FALSE(task.cancel().sleep_for(hours(1)));
    cancelled.set_value();
    may_return.get_future().wait();  // an answer that is still on its way
    returned = true;
  });
  began.get_future().wait();  // one that is cancelled sooner isn't called at all
  std::promise<bool> began_after;
  run([&](const TaskContext&) { began_after.set_value(returned); });
  cancelled.get_future().wait();
  may_return.set_value();
  EXPECT_TRUE(began_after.get_future().get());
}

TEST_F(StepRunnerTest, WhatACancelledStepPostsIsDropped) {
  std::promise<void> began;
  std::atomic<bool> delivered = false;
  run([&](const TaskContext& task) {
    began.set_value();
    EXPECT_FALSE(task.cancel().sleep_for(hours(1)));
    task.post([&] { delivered = true; });
  });
  began.get_future().wait();
  std::promise<void> next;
  run([&](const TaskContext& task) { task.post([&] { next.set_value(); }); });
  next.get_future().wait();
  EXPECT_FALSE(delivered);
}

TEST_F(StepRunnerTest, AStepThatNeverBeganDoesNotHoldUpTheNext) {
  std::promise<void> began;
  std::promise<void> may_return;
  std::atomic<bool> second_ran = false;
  run([&](const TaskContext&) {
    began.set_value();
    may_return.get_future().wait();
  });
  began.get_future().wait();
  run([&](const TaskContext&) { second_ran = true; });
  std::promise<void> third;
  run([&](const TaskContext&) { third.set_value(); });
  may_return.set_value();
  third.get_future().wait();
  EXPECT_FALSE(second_ran);
}

}  // namespace
}  // namespace ferry::daemon
