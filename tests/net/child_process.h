// A program that a test runs beside itself: its standard output can be read, and closing its
// standard input tells it to end.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

namespace ferry::net::testing {

class ChildProcess {
 public:
  explicit ChildProcess(std::vector<std::string> command) {
    std::array<int, 2> input = {};
    std::array<int, 2> output = {};
    if (pipe(input.data()) != 0 || pipe(output.data()) != 0) return;
    std::vector<char*> arguments;
    for (auto& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(input[0], STDIN_FILENO);
      dup2(output[1], STDOUT_FILENO);
      for (const int fd : {input[0], input[1], output[0], output[1]}) ::close(fd);
      execv(arguments[0], arguments.data());
      _exit(127);
    }
    ::close(input[0]);
    ::close(output[1]);
    to_child_ = input[1];
    from_child_ = output[0];
  }
  ~ChildProcess() {
    ::close(to_child_);
    ::close(from_child_);
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // The next line of output; blocks. Empty: there is none.
  std::string read_line() const {
    std::string line;
    char c = 0;
    while (::read(from_child_, &c, 1) == 1 && c != '\n') line += c;
    return line;
  }

 private:
  pid_t pid_ = -1;
  int to_child_ = -1;
  int from_child_ = -1;
};

}  // namespace ferry::net::testing
