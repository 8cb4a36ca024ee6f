#include "kube/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include "kube/problems.h"
#include "kube/text.h"

namespace ferry::kube {
namespace {

constexpr std::size_t kMaxOutput = std::size_t{1024} * 1024;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void reset(int fd = -1) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

 private:
  int fd_;
};

struct Pipe {
  Descriptor read_end;
  Descriptor write_end;

  bool open() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
    // Ours only: a program is entitled to a blocking pipe.
    return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
  }
};

bool executable(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && access(path.c_str(), X_OK) == 0;
}

// posix_spawnp() would search this process's PATH, not the one of the given environment.
Result<std::string> find_command(const ProcessSpec& spec) {
  const std::string what = "running " + spec.command;
  if (spec.command.find('/') != std::string::npos) {
    if (executable(spec.command)) return spec.command;
    const bool there = access(spec.command.c_str(), F_OK) == 0;
    if (there) return fail(problem::kCommandUnusable, what, "not an executable file");
    return fail(problem::kCommandMissing, what, "no such file");
  }
  const auto path = spec.environment.find("PATH");
  const std::string folders = path == spec.environment.end() ? "/usr/bin:/bin" : path->second;
  for (const auto folder : split(folders, ':')) {
    if (folder.empty()) continue;
    const std::string candidate = std::string(folder) + "/" + spec.command;
    if (executable(candidate)) return candidate;
  }
  return fail(problem::kCommandMissing, what, "not in any folder of PATH (" + folders + ")");
}

// The char* arrays that exec takes, over strings that it owns.
class PointerList {
 public:
  void add(std::string text) { texts_.push_back(std::move(text)); }
  char* const* get() {
    pointers_.clear();
    for (auto& text : texts_) pointers_.push_back(text.data());
    pointers_.push_back(nullptr);
    return pointers_.data();
  }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
};

class SpawnSettings {
 public:
  SpawnSettings(bool inherit_input, int output, int error_output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    if (!inherit_input) {
      posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    }
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, error_output, STDERR_FILENO);
    // A daemon ignores or blocks signals that the program expects as they are by default.
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (!inherit_input) flags |= POSIX_SPAWN_SETPGROUP;
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

class Child {
 public:
  Child(pid_t pid, bool own_group)
      : pid_(pid),
        own_group_(own_group),
        exit_event_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}
  ~Child() {
    if (pid_ > 0) {
      kill();
      wait();
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Readable once the program has ended; -1 where the kernel can't say.
  int exit_event() const { return exit_event_.get(); }
  void kill() const { ::kill(own_group_ ? -pid_ : pid_, SIGKILL); }
  int wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_;
  bool own_group_;
  Descriptor exit_event_;
};

// Takes what is there, up to what the largest pipe holds: a program that prints without end must
// not keep us here. False at the end of the stream.
template <typename Sink>
bool drain(int fd, Sink&& sink) {
  std::array<char, 4096> chunk{};
  for (std::size_t taken = 0; taken < kMaxOutput; taken += chunk.size()) {
    const ssize_t n = read(fd, chunk.data(), chunk.size());
    if (n > 0) {
      sink(std::string_view(chunk.data(), static_cast<std::size_t>(n)));
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    return n < 0 && errno == EAGAIN;
  }
  return true;
}

TimePoint deadline_of(const ProcessSpec& spec) {
  if (spec.time_limit == Duration::zero()) return TimePoint::max();
  return std::chrono::steady_clock::now() + spec.time_limit;
}

// Milliseconds as poll(2) takes them: rounded up, -1 for ever.
int poll_time(TimePoint deadline) {
  if (deadline == TimePoint::max()) return -1;
  const auto left = deadline - TimePoint(std::chrono::steady_clock::now());
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<std::int64_t>(milliseconds, 0, 60'000));
}

// Until the program has ended; where the kernel can't say when that is, until both outputs are
// closed. A program that it left running in the background may hold the pipes open for ever, and
// one that goes on may close them.
Status collect(const ProcessSpec& spec, Child& child, int output_fd, int error_fd,
               const CancelToken& cancel, std::string& output) {
  const TimePoint deadline = deadline_of(spec);
  const auto on_output = [&](std::string_view text) {
    if (spec.on_output) {
      spec.on_output(text);
    } else if (output.size() <= kMaxOutput) {
      output.append(text);
    }
  };
  const auto on_error_output = [&](std::string_view text) {
    if (spec.on_error_output) spec.on_error_output(text);
  };
  std::array<pollfd, 4> entries{{{cancel.descriptor(), POLLIN, 0},
                                 {child.exit_event(), POLLIN, 0},
                                 {output_fd, POLLIN, 0},
                                 {error_fd, POLLIN, 0}}};
  while (true) {
    if (poll(entries.data(), entries.size(), poll_time(deadline)) < 0 && errno != EINTR) {
      return fail(problem::kCommandUnusable, "waiting for " + spec.command, std::strerror(errno));
    }
    if (entries[0].revents != 0) return fail(cancelled_error("running " + spec.command));
    if (entries[2].fd >= 0 && !drain(output_fd, on_output)) entries[2].fd = -1;
    if (entries[3].fd >= 0 && !drain(error_fd, on_error_output)) entries[3].fd = -1;
    if (output.size() > kMaxOutput) {
      return fail(problem::kCommandTooWordy, "running " + spec.command,
                  "it printed more than 1 MiB");
    }
    const bool closed = entries[2].fd < 0 && entries[3].fd < 0;
    if (entries[1].revents != 0 || (child.exit_event() < 0 && closed)) return {};
    if (poll_time(deadline) == 0) {
      return fail(problem::kCommandTimedOut, "running " + spec.command, "it took too long");
    }
  }
}

std::optional<pid_t> spawn(const ProcessSpec& spec, const std::string& path, const Pipe& output,
                           const Pipe& error_output) {
  PointerList arguments;
  arguments.add(spec.command);
  for (const auto& argument : spec.args) arguments.add(argument);
  PointerList variables;
  for (const auto& [name, value] : spec.environment) {
    variables.add(std::string(name).append("=").append(value));
  }
  const SpawnSettings settings(spec.inherit_input, output.write_end.get(),
                               error_output.write_end.get());
  pid_t pid = 0;
  errno = posix_spawn(&pid, path.c_str(), settings.actions(), settings.attributes(),
                      arguments.get(), variables.get());
  if (errno != 0) return std::nullopt;
  return pid;
}

}  // namespace

Result<ProcessOutcome> run_process(const ProcessSpec& spec, const CancelToken& cancel) {
  const auto path = find_command(spec);
  if (!path) return fail(path.error());
  Pipe output;
  Pipe error_output;
  if (!output.open() || !error_output.open()) {
    return fail(problem::kCommandUnusable, "running " + spec.command, std::strerror(errno));
  }
  const auto pid = spawn(spec, *path, output, error_output);
  if (!pid) return fail(problem::kCommandUnusable, "running " + *path, std::strerror(errno));
  Child child(*pid, !spec.inherit_input);
  output.write_end.reset();
  error_output.write_end.reset();

  ProcessOutcome outcome;
  const auto status = collect(spec, child, output.read_end.get(), error_output.read_end.get(),
                              cancel, outcome.output);
  if (!status) return fail(status.error());
  outcome.exit_code = child.wait();
  return outcome;
}

}  // namespace ferry::kube
