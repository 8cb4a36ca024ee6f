#include "daemon/background.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "daemon/problems.h"

namespace ferry::daemon {
namespace {

// One line of text, the first byte says which: ready, or the error as the starter shall print it.
constexpr char kReady = '+';
constexpr char kFailed = '-';

[[noreturn]] void wait_for_child(int fd) {
  std::string message;
  std::array<char, 512> buffer{};
  for (;;) {
    const ssize_t n = read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    message.append(buffer.data(), static_cast<std::size_t>(n));
  }
  if (!message.empty() && message[0] == kReady) _exit(0);
  const std::string text =
      message.empty() ? "ferryd ended before it was ready; its log says why" : message.substr(1);
  std::fprintf(stderr, "%s\n", text.c_str());
  _exit(1);
}

void leave_terminal() {
  setsid();
  if (chdir("/") != 0) return;
  const int null = open("/dev/null", O_RDWR);
  if (null < 0) return;
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(null, fd);
  if (null > STDERR_FILENO) close(null);
}

}  // namespace

Result<std::unique_ptr<Readiness>> go_to_background() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(problem::kNotStarted, "starting ferryd in the background", std::strerror(errno));
  }
  const pid_t child = fork();
  if (child < 0) {
    return fail(problem::kNotStarted, "starting ferryd in the background", std::strerror(errno));
  }
  if (child > 0) {
    close(ends[1]);
    wait_for_child(ends[0]);
  }
  close(ends[0]);
  leave_terminal();
  return std::make_unique<Readiness>(ends[1]);
}

Readiness::~Readiness() {
  if (fd_ >= 0) close(fd_);
}

void Readiness::ready() { send(std::string(1, kReady)); }

void Readiness::failed(const Error& error) {
  std::string text = kFailed + error.summary() + " [" + error.id + "]";
  if (!error.fix.empty()) text += "\n" + error.fix;
  send(text);
}

void Readiness::send(const std::string& message) {
  if (fd_ < 0) return;
  // The starter may be gone; nobody is left to tell then.
  [[maybe_unused]] const ssize_t written = write(fd_, message.data(), message.size());
  close(fd_);
  fd_ = -1;
}

}  // namespace ferry::daemon
