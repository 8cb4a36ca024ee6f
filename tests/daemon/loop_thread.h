// A loop on a thread of its own, so that the test's thread can be the client: blocking calls to the
// daemon's service, blocking sockets.
#pragma once

#include <future>
#include <thread>
#include <utility>

#include "net/loop.h"
#include "net/timer.h"

namespace ferry::testing {

class LoopThread {
 public:
  LoopThread() : keep_running_(loop_, [] {}) {
    keep_running_.start(std::chrono::hours(1));
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~LoopThread() {
    loop_.post([this] { loop_.stop(); });
    thread_.join();
  }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  net::Loop& loop() { return loop_; }

  // Runs `work` on the loop's thread and returns what it returns.
  template <typename Work>
  auto run(Work work) {
    std::packaged_task<decltype(work())()> task(std::move(work));
    auto result = task.get_future();
    loop_.post([&task] { task(); });
    return result.get();
  }

 private:
  net::Loop loop_;
  net::Timer keep_running_;
  std::thread thread_;
};

}  // namespace ferry::testing
