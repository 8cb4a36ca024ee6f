#include "daemon/workers.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>

#include "tests/daemon/loop_thread.h"

namespace ferry::daemon {
namespace {

using std::chrono::hours;

class WorkersTest : public ::testing::Test {
 protected:
  ~WorkersTest() override {
    thread_.run([this] { workers_.reset(); });
  }
  std::unique_ptr<Task> start(Workers::Work work) {
    return thread_.run([&] { return workers_->start(std::move(work)); });
  }
  void drop(std::unique_ptr<Task> task) {
    thread_.run([&] { task.reset(); });
  }

  testing::LoopThread thread_;
  std::unique_ptr<Workers> workers_ =
      thread_.run([this] { return std::make_unique<Workers>(thread_.loop()); });
};

// While it lives, the process gets no further thread: none has room for its stack.
class NoThreads {
 public:
  NoThreads() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t huge;
    pthread_attr_init(&huge);
    pthread_attr_setstacksize(&huge, std::size_t{1} << 46U);
    EXPECT_EQ(pthread_setattr_default_np(&huge), 0);
    pthread_attr_destroy(&huge);
  }
  ~NoThreads() {
    pthread_setattr_default_np(&before_);
    pthread_attr_destroy(&before_);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;

 private:
  pthread_attr_t before_{};
};

TEST_F(WorkersTest, ResultsArriveOnTheLoopsThread) {
  std::promise<std::pair<std::thread::id, std::thread::id>> ids;
  auto task = start([&](const TaskContext& context) {
    const auto worker = std::this_thread::get_id();
    context.post([&ids, worker] { ids.set_value({worker, std::this_thread::get_id()}); });
  });
  const auto [worker, loop] = ids.get_future().get();
  EXPECT_NE(worker, loop);
  EXPECT_EQ(loop, thread_.run([] { return std::this_thread::get_id(); }));
  drop(std::move(task));
}

TEST_F(WorkersTest, DroppingATaskCancelsItAndItsResults) {
  std::promise<void> ended;
  std::atomic<bool> delivered = false;
  auto task = start([&](const TaskContext& context) {
    EXPECT_FALSE(context.cancel().sleep_for(hours(1)));
    context.post([&] { delivered = true; });
    ended.set_value();
  });
  drop(std::move(task));
  ended.get_future().wait();
  thread_.run([] {});  // whatever was posted has run by then
  EXPECT_FALSE(delivered);
}

TEST_F(WorkersTest, WorkWaitsUntilTheSystemHasAThreadForIt) {
  std::atomic<bool> has_run = false;
  std::atomic<bool> dropped_one_has_run = false;
  std::promise<void> later_one_has_run;
  std::unique_ptr<Task> task;
  {
    const NoThreads out_of_threads;
    task = start([&](const TaskContext&) { has_run = true; });
    drop(start([&](const TaskContext&) { dropped_one_has_run = true; }));
  }
  EXPECT_FALSE(has_run);
  auto later = start([&](const TaskContext&) { later_one_has_run.set_value(); });
  later_one_has_run.get_future().get();
  thread_.run([this] { workers_.reset(); });  // waits until all of them have ended
  EXPECT_TRUE(has_run);
  EXPECT_FALSE(dropped_one_has_run);
  drop(std::move(task));
  drop(std::move(later));
}

TEST_F(WorkersTest, TheEndCancelsWhatIsStillRunning) {
  std::atomic<bool> cancelled = false;
  auto task =
      start([&](const TaskContext& context) { cancelled = !context.cancel().sleep_for(hours(1)); });
  thread_.run([this] { workers_.reset(); });
  EXPECT_TRUE(cancelled);
  drop(std::move(task));
}

}  // namespace
}  // namespace ferry::daemon
