// One thread for each open connection, up to a limit: an event stream that stays for days must not
// keep others from being served. Connections beyond the limit wait for a free thread, the newest of
// them served first: in a crowd that says nothing, the one that just came is the one that talks.
// When kMaxWaiting wait, no more are accepted: they queue up in the kernel.
#pragma once

#include <httplib.h>

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

namespace ferry::control {

class ConnectionThreads final : public httplib::TaskQueue {
 public:
  static constexpr std::size_t kMaxWaiting = 1024;

  explicit ConnectionThreads(std::size_t limit, std::size_t max_waiting = kMaxWaiting)
      : limit_(limit), max_waiting_(max_waiting) {}

  // Blocks while as many wait as may.
  void enqueue(std::function<void()> serve) override;
  // Returns when every accepted connection has been served.
  void shutdown() override;

 private:
  void serve_until_idle();

  const std::size_t limit_;
  const std::size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::condition_variable taken_;
  std::vector<std::function<void()>> waiting_;  // newest last
  std::size_t threads_ = 0;
};

}  // namespace ferry::control
