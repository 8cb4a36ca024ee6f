// The user's own program, run by `ferry swap-deployment`.
//
// It gets a process group of its own, in the background of the terminal: Ctrl-C is ferry's then,
// which lets the program answer until the original does again. A program that wants the terminal
// (it reads from it, or sets its modes) is stopped by the kernel for that, and gets it: it is in
// the foreground from then on, as if a shell had started it, and Ctrl-C is its own.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace ferry::cli {

// "./app" or "app" as a shell would find it along `path`. Error: kNotFound.
Result<std::string> find_program(const std::string& name, const std::string& path);

class LocalProcess {
 public:
  // argv[0] is a path; environment has "NAME=VALUE" items. Error: kIo.
  static Result<LocalProcess> start(const std::vector<std::string>& argv,
                                    const std::vector<std::string>& environment);

  // Sends a signal to the program and to what it started in its group.
  void signal(int number) const;

  // To be called on SIGCHLD. The exit code once it has ended (128 + number if by a signal); gives
  // the terminal away and takes it back.
  std::optional<int> look();

 private:
  explicit LocalProcess(pid_t pid) : pid_(pid) {}

  void on_stop(int by);

  pid_t pid_;
  bool has_terminal_ = false;
};

}  // namespace ferry::cli
