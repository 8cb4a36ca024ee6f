#include "daemon/control/connection_threads.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

namespace ferry::control {
namespace {

// Keeps a thread busy until go_on().
class Busy {
 public:
  explicit Busy(ConnectionThreads& threads) {
    threads.enqueue([this] {
      begun_.set_value();
      go_on_.get_future().wait();
    });
    begun_.get_future().wait();
  }
  void go_on() { go_on_.set_value(); }

 private:
  std::promise<void> begun_;
  std::promise<void> go_on_;
};

TEST(ConnectionThreadsTest, WhoCameLastIsServedFirst) {
  ConnectionThreads threads(1);
  Busy busy(threads);
  std::vector<int> order;  // one thread fills it
  for (int i = 0; i < 3; ++i) threads.enqueue([&order, i] { order.push_back(i); });
  busy.go_on();
  threads.shutdown();
  EXPECT_EQ(order, (std::vector<int>{2, 1, 0}));
}

TEST(ConnectionThreadsTest, BeyondWhatMayWaitNoMoreAreAccepted) {
  ConnectionThreads threads(1, 2);
  Busy busy(threads);
  threads.enqueue([] {});
  threads.enqueue([] {});
  auto third = std::async(std::launch::async, [&] { threads.enqueue([] {}); });
  EXPECT_EQ(third.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  busy.go_on();
  third.get();
  threads.shutdown();
}

}  // namespace
}  // namespace ferry::control
