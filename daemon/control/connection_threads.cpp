#include "daemon/control/connection_threads.h"

#include <spdlog/spdlog.h>

#include <system_error>
#include <thread>

namespace ferry::control {

void ConnectionThreads::enqueue(std::function<void()> serve) {
  std::unique_lock lock(mutex_);
  // Without a thread at all, none could make room.
  taken_.wait(lock, [this] { return waiting_.size() < max_waiting_ || threads_ == 0; });
  waiting_.push_back(std::move(serve));
  if (threads_ >= limit_) return;
  try {
    std::thread([this] { serve_until_idle(); }).detach();
    ++threads_;
  } catch (const std::system_error& e) {
    // Out of threads: one of those that run takes the connection when it is done.
    spdlog::warn("control: no thread for another connection: {}", e.what());
  }
}

void ConnectionThreads::serve_until_idle() {
  std::unique_lock lock(mutex_);
  while (!waiting_.empty()) {
    auto serve = std::move(waiting_.back());
    waiting_.pop_back();
    taken_.notify_one();
    lock.unlock();
    serve();
    serve = nullptr;
    lock.lock();
  }
  --threads_;
  idle_.notify_all();
}

void ConnectionThreads::shutdown() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return threads_ == 0; });
}

}  // namespace ferry::control
