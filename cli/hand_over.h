// What other threads hand to the one that waits with poll().
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <deque>
#include <mutex>
#include <utility>

namespace ferry::cli {

template <typename T>
class HandOver {
 public:
  HandOver() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~HandOver() { close(fd_); }
  HandOver(const HandOver&) = delete;
  HandOver& operator=(const HandOver&) = delete;

  // Readable while there is something to take.
  int fd() const { return fd_; }

  void push(T item) {
    const std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
    eventfd_write(fd_, 1);
  }

  std::deque<T> take() {
    const std::lock_guard lock(mutex_);
    eventfd_t count = 0;
    eventfd_read(fd_, &count);
    return std::exchange(items_, {});
  }

 private:
  const int fd_;
  std::mutex mutex_;
  std::deque<T> items_;
};

}  // namespace ferry::cli
