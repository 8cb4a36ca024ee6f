#include "cli/local_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "cli/problems.h"

namespace ferry::cli {
namespace {

// The controlling terminal, while this lives. SIGTTOU is held off: a background process that sets
// the foreground group would be stopped by it.
class ControllingTerminal {
 public:
  ControllingTerminal() : fd_(open("/dev/tty", O_RDWR | O_CLOEXEC)) {
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGTTOU);
    pthread_sigmask(SIG_BLOCK, &held, &before_);
  }
  ~ControllingTerminal() {
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    if (fd_ >= 0) close(fd_);
  }
  ControllingTerminal(const ControllingTerminal&) = delete;
  ControllingTerminal& operator=(const ControllingTerminal&) = delete;

  bool is_held_by(pid_t group) const { return fd_ >= 0 && tcgetpgrp(fd_) == group; }
  bool give_to(pid_t group) const { return fd_ >= 0 && tcsetpgrp(fd_, group) == 0; }

 private:
  const int fd_;
  sigset_t before_{};
};

class GroupSpawnSetup {
 public:
  GroupSpawnSetup() {
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~GroupSpawnSetup() { posix_spawnattr_destroy(&attributes_); }
  GroupSpawnSetup(const GroupSpawnSetup&) = delete;
  GroupSpawnSetup& operator=(const GroupSpawnSetup&) = delete;

  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (auto& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

bool is_program(const std::string& path) {
  std::error_code ignored;
  return access(path.c_str(), X_OK) == 0 && !std::filesystem::is_directory(path, ignored);
}

}  // namespace

Result<std::string> find_program(const std::string& name, const std::string& path) {
  const std::string what = "looking for the command '" + name + "'";
  if (name.find('/') != std::string::npos) {
    if (is_program(name)) return name;
    return fail(problem::kCommandMissing, what,
                std::filesystem::exists(name) ? "it can't be executed" : "there is no such file",
                "is its path right?");
  }
  std::istringstream list(path);
  for (std::string directory; std::getline(list, directory, ':');) {
    const std::string candidate = (directory.empty() ? "." : directory) + "/" + name;
    if (is_program(candidate)) return candidate;
  }
  return fail(problem::kCommandMissing, what, "no directory of PATH has it",
              "give its path, or use --run for what a shell has to read");
}

Result<LocalProcess> LocalProcess::start(const std::vector<std::string>& argv,
                                         const std::vector<std::string>& environment) {
  auto words = argv;
  auto variables = environment;
  const GroupSpawnSetup setup;
  pid_t pid = -1;
  const int error = posix_spawn(&pid, argv.front().c_str(), nullptr, setup.attributes(),
                                pointers(words).data(), pointers(variables).data());
  if (error != 0) {
    return fail(problem::kCommandUnusable, "starting " + argv.front(), std::strerror(error),
                error == E2BIG ? "the container's environment is too large for this system" : "");
  }
  return LocalProcess(pid);
}

void LocalProcess::signal(int number) const {
  kill(-pid_, number);
  kill(-pid_, SIGCONT);  // a stopped one would not hear of it
}

std::optional<int> LocalProcess::look() {
  for (;;) {
    int status = 0;
    const pid_t got = waitpid(pid_, &status, WNOHANG | WUNTRACED);
    if (got < 0 && errno == EINTR) continue;
    if (got != pid_) return std::nullopt;
    if (WIFSTOPPED(status)) {
      on_stop(WSTOPSIG(status));
      continue;
    }
    if (has_terminal_) static_cast<void>(ControllingTerminal().give_to(getpgrp()));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
}

void LocalProcess::on_stop(int by) {
  if (by == SIGTTIN || by == SIGTTOU) {
    const ControllingTerminal terminal;
    // In the background ourselves, there is nothing to give: `fg` makes it continue, and ask again.
    if (!terminal.is_held_by(getpgrp()) || !terminal.give_to(pid_)) return;
    has_terminal_ = true;
    kill(-pid_, SIGCONT);
    return;
  }
  if (!has_terminal_) return;
  // Ctrl-Z: the whole job stops, so that the shell hears of it; `fg` lets both go on.
  static_cast<void>(ControllingTerminal().give_to(getpgrp()));
  kill(0, SIGSTOP);
  static_cast<void>(ControllingTerminal().give_to(pid_));
  kill(-pid_, SIGCONT);
}

}  // namespace ferry::cli
