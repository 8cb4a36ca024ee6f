#include "cli/signal_queue.h"

#include <sys/signalfd.h>
#include <unistd.h>

namespace ferry::cli {

SignalQueue::SignalQueue(std::initializer_list<int> signals) {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int signal : signals) sigaddset(&wanted, signal);
  pthread_sigmask(SIG_BLOCK, &wanted, &before_);
  fd_ = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

SignalQueue::~SignalQueue() {
  close(fd_);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int SignalQueue::take() {
  signalfd_siginfo info{};
  const bool got = read(fd_, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info));
  return got ? static_cast<int>(info.ssi_signo) : 0;
}

}  // namespace ferry::cli
