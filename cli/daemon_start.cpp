#include "cli/daemon_start.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>
#include <vector>

#include "cli/problems.h"

namespace ferry::cli {
namespace {

using SteadyTime = std::chrono::steady_clock;

constexpr auto kStartTimeout = std::chrono::seconds(20);
constexpr auto kServeTimeout = std::chrono::seconds(10);

// The files are lists of objects.
bool lists_something(const std::string& path) {
  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return text.find('{') != std::string::npos;
}

bool is_executable(const std::string& path) {
  return ::access(path.c_str(), X_OK) == 0 && !std::filesystem::is_directory(path);
}

struct Launch {
  pid_t pid = -1;
  int words = -1;  // the read end of its stderr
};

// Its own process group, no signal blocked: a Ctrl-C meant for us must not reach the daemon, and
// what we block is our business.
class SpawnSetup {
 public:
  explicit SpawnSetup(int error_fd) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, error_fd, STDERR_FILENO);
    sigset_t none;
    sigset_t defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) sigaddset(&defaults, signal);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &defaults);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

Result<Launch> launch(const std::string& ferryd, const std::string& log_level) {
  const std::string what = "starting " + ferryd;
  std::vector<std::string> args = {ferryd, "--background"};
  if (!log_level.empty()) args.insert(args.end(), {"--log-level", log_level});
  std::vector<char*> argv;
  for (auto& arg : args) argv.push_back(arg.data());
  argv.push_back(nullptr);

  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(problem::kDaemonNotStarted, what, std::strerror(errno));
  Launch launched{.words = ends[0]};
  const SpawnSetup setup(ends[1]);
  const int error = posix_spawn(&launched.pid, ferryd.c_str(), setup.actions(), setup.attributes(),
                                argv.data(), environ);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    return fail(problem::kDaemonNotStarted, what, std::strerror(error));
  }
  return launched;
}

// Everything that the launched process says until it ends. False when it takes too long.
bool hear_out(int fd, std::string& words) {
  const auto deadline = SteadyTime::now() + kStartTimeout;
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyTime::now());
    pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
    if (left.count() <= 0) return false;
    if (poll(&waiting, 1, static_cast<int>(left.count())) <= 0) continue;
    const ssize_t n = read(fd, buffer.data(), buffer.size());
    if (n == 0) return true;
    if (n > 0) words.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

// Returns when ferryd says that it serves, or why it does not.
Status start(const std::string& ferryd, const std::string& log_level) {
  const auto launched = launch(ferryd, log_level);
  if (!launched) return fail(launched.error());
  std::string words;
  const bool ended = hear_out(launched->words, words);
  close(launched->words);
  const std::string what = "starting " + ferryd;
  if (!ended) {
    return fail(problem::kDaemonSlow, what, "it is not ready after 20 s", "see 'ferry logs'");
  }
  int status = 0;
  while (waitpid(launched->pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  while (!words.empty() && words.back() == '\n') words.pop_back();
  return fail(problem::kDaemonEnded, what, words.empty() ? "it ended at once" : words,
              "see 'ferry logs', or run it in the foreground: " + ferryd);
}

Status wait_until_it_serves(const control::Client& client) {
  const auto deadline = SteadyTime::now() + kServeTimeout;
  for (;;) {
    const auto probed = client.probe();
    if (probed || probed.error().code != ErrorCode::kNotFound) return probed;
    if (SteadyTime::now() >= deadline) {
      return fail(problem::kDaemonSlow, "waiting for the daemon",
                  "one was started, or runs already, but does not listen",
                  "see 'ferry logs'; 'pgrep -u $USER ferryd' finds it");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace

Result<std::string> find_ferryd(const control::GetEnv& get_env) {
  std::error_code ignored;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const std::string here = self.parent_path().string();
  for (const char* place : {"/ferryd", "/../libexec/ferry/ferryd", "/../daemon/ferryd"}) {
    const std::string path = std::filesystem::path(here + place).lexically_normal().string();
    if (is_executable(path)) return path;
  }
  std::istringstream list(get_env("PATH").value_or(""));
  for (std::string directory; std::getline(list, directory, ':');) {
    const std::string path = directory + "/ferryd";
    if (directory.starts_with('/') && is_executable(path)) return path;
  }
  return fail(problem::kDaemonMissing, "looking for ferryd",
              "it is neither beside ferry (" + here + ") nor in PATH",
              "install Ferry whole: ferry and ferryd belong together");
}

bool swaps_are_left(const control::Paths& paths) { return lists_something(paths.swaps_file); }

bool something_is_left(const control::Paths& paths) {
  return lists_something(paths.links_file) || swaps_are_left(paths);
}

Result<std::optional<control::Client>> running_daemon(const control::Paths& paths) {
  std::optional<control::Client> client(std::in_place, paths.socket);
  const auto probed = client->probe();
  if (probed) return client;
  if (probed.error().code == ErrorCode::kNotFound) return std::nullopt;
  return fail(probed.error());
}

Result<control::Client> ensure_daemon(const control::Paths& paths, const control::GetEnv& get_env,
                                      const std::string& log_level) {
  auto running = running_daemon(paths);
  if (!running) return fail(running.error());
  if (*running) return control::Client(paths.socket);
  const auto ferryd = find_ferryd(get_env);
  if (!ferryd) return fail(ferryd.error());
  spdlog::debug("starting {}", *ferryd);
  if (auto started = start(*ferryd, log_level); !started) return fail(started.error());
  control::Client client(paths.socket);
  if (auto serving = wait_until_it_serves(client); !serving) return fail(serving.error());
  return client;
}

std::optional<Error> version_mismatch(const std::string& client, const std::string& daemon,
                                      const std::string& program) {
  if (client == daemon) return std::nullopt;
  return Error{
      problem::kVersionMismatch, "talking to the daemon",
      "ferryd " + daemon + " is running, and this is ferry " + client,
      "'" + program + " quit' ends it, and its links; the next command starts ferryd " + client};
}

}  // namespace ferry::cli
