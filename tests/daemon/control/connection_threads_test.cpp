#include "daemon/control/connection_threads.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

namespace ferry::control {
namespace {

TEST(ConnectionThreadsTest, WhoCameLastIsServedFirst) {
  ConnectionThreads threads(1);
  std::promise<void> begun;
  std::promise<void> go_on;
  threads.enqueue([&] {
    begun.set_value();
    go_on.get_future().wait();
  });
  begun.get_future().wait();
  std::vector<int> order;  // one thread fills it
  for (int i = 0; i < 3; ++i) threads.enqueue([&order, i] { order.push_back(i); });
  go_on.set_value();
  threads.shutdown();
  EXPECT_EQ(order, (std::vector<int>{2, 1, 0}));
}

TEST(ConnectionThreadsTest, BeyondWhatMayWaitNoMoreAreAccepted) {
  ConnectionThreads threads(1, 2);
  std::promise<void> begun;
  std::promise<void> go_on;
  threads.enqueue([&] {
    begun.set_value();
    go_on.get_future().wait();
  });
  begun.get_future().wait();
  threads.enqueue([] {});
  threads.enqueue([] {});
  auto third = std::async(std::launch::async, [&] { threads.enqueue([] {}); });
  EXPECT_EQ(third.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  go_on.set_value();
  third.get();
  threads.shutdown();
}

}  // namespace
}  // namespace ferry::control
