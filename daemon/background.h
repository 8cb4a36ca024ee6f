// Leaving the terminal: the process that was started waits until the daemon serves, then ends.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace ferry::daemon {

// The daemon's end of the pipe to the process that started it.
class Readiness {
 public:
  explicit Readiness(int fd) : fd_(fd) {}
  ~Readiness();
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // Lets the starter end with exit code 0.
  void ready();
  // Lets the starter print the error and end with exit code 1.
  void failed(const Error& error);

 private:
  void send(const std::string& message);
  int fd_;
};

// Forks. The parent never returns: it waits for the child's word, prints an error to stderr, and
// exits. The child goes on in a session of its own with /dev/null for stdin, stdout and stderr and
// / for its directory. To be called before any thread is started. Error: kIo.
Result<std::unique_ptr<Readiness>> go_to_background();

}  // namespace ferry::daemon
