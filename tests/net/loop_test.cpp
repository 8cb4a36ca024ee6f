#include "net/loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <thread>
#include <vector>

#include "net/signal.h"
#include "net/timer.h"

namespace ferry::net {
namespace {

using std::chrono::milliseconds;

TEST(LoopTest, RunReturnsWhenNothingIsLeft) {
  Loop loop;
  loop.run();
  loop.run();
}

TEST(LoopTest, PostedTasksRunInOrderAndNeverWithinPost) {
  Loop loop;
  std::vector<int> order;
  loop.post([&] {
    order.push_back(1);
    loop.post([&] { order.push_back(3); });
    order.push_back(2);
  });
  EXPECT_TRUE(order.empty());
  loop.run();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(LoopTest, TakesTasksFromManyThreads) {
  Loop loop;
  constexpr int kThreads = 4;
  constexpr int kTasks = 5000;
  std::vector<int> next(kThreads, 0);
  int done = 0;
  Timer keep_running(loop, [] { FAIL() << "the tasks did not all run"; });
  keep_running.start(std::chrono::seconds(20));
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i) {
        loop.post([&, t, i] {
          EXPECT_EQ(next[t]++, i);
          if (++done == kThreads * kTasks) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(done, kThreads * kTasks);
}

TEST(LoopTest, DropsTasksThatDidNotRun) {
  auto held = std::make_shared<int>(1);
  {
    Loop loop;
    loop.post([held] { FAIL() << "ran after all"; });
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(LoopTest, StopLeavesTheRestForTheNextRun) {
  Loop loop;
  int fired = 0;
  Timer timer(loop, [&] { ++fired; });
  timer.start(milliseconds(1));
  loop.post([&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(fired, 0);
  loop.run();
  EXPECT_EQ(fired, 1);
}

class Probe : public Disposable {
 public:
  Probe(bool& retired, bool& deleted) : retired_(retired), deleted_(deleted) {}
  ~Probe() override { deleted_ = true; }
  void retire() override { retired_ = true; }

 private:
  bool& retired_;
  bool& deleted_;
};

TEST(LoopTest, RetiresAtOnceAndDeletesAfterTheCallback) {
  Loop loop;
  bool retired = false;
  bool deleted = false;
  loop.post([&] {
    loop.delete_later(std::make_unique<Probe>(retired, deleted));
    EXPECT_TRUE(retired);
    EXPECT_FALSE(deleted);
  });
  Timer after(loop, [&] { EXPECT_TRUE(deleted); });
  after.start(milliseconds(1));
  loop.run();
  EXPECT_TRUE(deleted);
}

TEST(LoopTest, DeletesWhatATimerLetGoBeforeItWaits) {
  Loop loop;
  bool retired = false;
  bool deleted = false;
  Timer last(loop, [&] { EXPECT_TRUE(deleted); });
  Timer first(loop, [&] {
    loop.delete_later(std::make_unique<Probe>(retired, deleted));
    last.start(milliseconds(20));
  });
  first.start(milliseconds(1));
  loop.run();
  EXPECT_TRUE(deleted);
}

TEST(LoopTest, DeletesInItsDestructorWhatWasLetGo) {
  bool retired = false;
  bool deleted = false;
  {
    Loop loop;
    loop.delete_later(std::make_unique<Probe>(retired, deleted));
    loop.delete_later(nullptr);
  }
  EXPECT_TRUE(deleted);
}

TEST(LoopTest, NowStandsStillWithinARound) {
  Loop loop;
  TimePoint first{};
  loop.post([&] {
    first = loop.now();
    const auto spin_until = first + milliseconds(3);
    while (SteadyClock().now() < spin_until) {
    }
    EXPECT_EQ(loop.now(), first);
  });
  Timer next(loop, [&] { EXPECT_GT(loop.now(), first); });
  next.start(milliseconds(5));
  loop.run();
}

TEST(TimerTest, NeverFiresEarly) {
  Loop loop;
  const std::vector<Duration> waits = {std::chrono::nanoseconds(1), std::chrono::microseconds(300),
                                       milliseconds(1), std::chrono::microseconds(2500),
                                       milliseconds(7)};
  for (const auto wait : waits) {
    TimePoint fired{};
    Timer timer(loop, [&] { fired = SteadyClock().now(); });
    const TimePoint started = SteadyClock().now();
    timer.start(wait);
    EXPECT_TRUE(timer.active());
    loop.run();
    EXPECT_GE(fired - started, wait);
    EXPECT_FALSE(timer.active());
  }
}

TEST(TimerTest, MayBeRestartedFromItsOwnCallback) {
  Loop loop;
  int count = 0;
  std::unique_ptr<Timer> timer;
  timer = std::make_unique<Timer>(loop, [&] {
    if (++count < 3) timer->start(milliseconds(1));
  });
  timer->start(Duration::zero());
  loop.run();
  EXPECT_EQ(count, 3);
}

TEST(TimerTest, MayDestroyItselfInItsOwnCallback) {
  Loop loop;
  auto token = std::make_shared<int>(7);
  std::unique_ptr<Timer> timer;
  timer = std::make_unique<Timer>(loop, [&timer, token] {
    timer.reset();
    EXPECT_EQ(*token, 7);
  });
  timer->start(Duration::zero());
  loop.run();
  EXPECT_FALSE(timer);
}

TEST(TimerTest, RestartingPutsItOffAndStoppingCancelsIt) {
  Loop loop;
  int fired = 0;
  Timer put_off(loop, [&] { ++fired; });
  Timer stopped(loop, [&] { FAIL() << "a stopped timer fired"; });
  put_off.start(milliseconds(1));
  put_off.start(milliseconds(10));
  stopped.start(milliseconds(2));
  stopped.stop();
  const TimePoint started = SteadyClock().now();
  loop.run();
  EXPECT_EQ(fired, 1);
  EXPECT_GE(SteadyClock().now() - started, milliseconds(9));
}

TEST(SignalWatcherTest, ReportsTheSignalOnTheLoop) {
  Loop loop;
  int seen = 0;
  auto watcher = SignalWatcher::create(loop, {SIGUSR1, SIGUSR2}, [&](int number) {
    seen = number;
    loop.stop();
  });
  ASSERT_TRUE(watcher);
  Timer patience(loop, [&] { loop.stop(); });
  patience.start(std::chrono::seconds(10));
  std::raise(SIGUSR2);
  loop.run();
  EXPECT_EQ(seen, SIGUSR2);
}

TEST(SignalWatcherTest, DoesNotKeepTheLoopRunning) {
  Loop loop;
  auto watcher = SignalWatcher::create(loop, {SIGUSR1}, [](int) {});
  ASSERT_TRUE(watcher);
  loop.run();
}

TEST(SignalWatcherTest, RefusesWhatCannotBeCaught) {
  Loop loop;
  const auto watcher = SignalWatcher::create(loop, {SIGKILL}, [](int) {});
  ASSERT_FALSE(watcher);
  EXPECT_EQ(watcher.error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace ferry::net
