// Signals as a descriptor, for the thread that waits with poll(). To be made before other threads
// are started: they have to block the same signals.
#pragma once

#include <initializer_list>

#include <csignal>

namespace ferry::cli {

class SignalQueue {
 public:
  explicit SignalQueue(std::initializer_list<int> signals);
  // Puts the mask back.
  ~SignalQueue();
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;

  int fd() const { return fd_; }

  // The next signal that came, or 0.
  int take();

 private:
  sigset_t before_{};
  int fd_ = -1;
};

}  // namespace ferry::cli
