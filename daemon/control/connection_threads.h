// One thread for each open connection, up to a limit: an event stream that stays for days must not
// keep others from being served. Connections beyond the limit wait for a free thread.
#pragma once

#include <httplib.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

namespace ferry::control {

class ConnectionThreads final : public httplib::TaskQueue {
 public:
  explicit ConnectionThreads(std::size_t limit) : limit_(limit) {}

  void enqueue(std::function<void()> serve) override;
  // Returns when every accepted connection has been served.
  void shutdown() override;

 private:
  void serve_until_idle();

  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::deque<std::function<void()>> waiting_;
  std::size_t threads_ = 0;
};

}  // namespace ferry::control
