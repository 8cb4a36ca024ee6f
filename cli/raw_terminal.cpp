#include "cli/raw_terminal.h"

#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

#include "cli/exit_code.h"

namespace ferry::cli {
namespace {

// What a signal handler needs; written before `active_fd` says that it counts. tcsetattr() and
// tcgetpgrp() may be called from one (POSIX.1, 2.4.3).
termios settings_before;
termios raw;
std::atomic<int> active_fd = -1;

// In the background the terminal isn't ours to set; the shell has put it right for itself.
void set(const termios& mode) {
  const int fd = active_fd;
  if (fd < 0) return;
  const int error = errno;
  const pid_t front = tcgetpgrp(fd);  // -1: it isn't our controlling terminal, and nobody is
  if (front < 0 || front == getpgrp()) tcsetattr(fd, TCSANOW, &mode);
  errno = error;
}

void on_end(int) {
  set(settings_before);
  _exit(kExitInterrupted);
}

void on_crash(int number) {
  set(settings_before);
  std::signal(number, SIG_DFL);
  raise(number);
}

void on_stop(int) {
  set(settings_before);
  raise(SIGSTOP);
}

// Whoever made us go on has set the terminal as they like it.
void on_continue(int) { set(raw); }

void handle(int number, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  sigaction(number, &action, nullptr);
}

void install_handlers(EndingSignals signals) {
  if (signals == EndingSignals::kEnd) {
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) handle(number, on_end);
  }
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) handle(number, on_crash);
  handle(SIGTSTP, on_stop);
  handle(SIGCONT, on_continue);
}

}  // namespace

RawTerminal::RawTerminal(int fd, EndingSignals signals) {
  if (tcgetattr(fd, &settings_before) != 0) return;
  raw = settings_before;
  cfmakeraw(&raw);
  active_fd = fd;
  install_handlers(signals);
  set(raw);
}

RawTerminal::~RawTerminal() {
  set(settings_before);
  active_fd = -1;
}

}  // namespace ferry::cli
