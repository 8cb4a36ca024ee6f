#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/process_memory.h"
#include "base/version.h"
#include "daemon/background.h"
#include "daemon/cluster_backend.h"
#include "daemon/control/paths.h"
#include "daemon/control/server.h"
#include "daemon/daemon.h"
#include "daemon/lock_file.h"
#include "net/descriptors.h"
#include "net/loop.h"
#include "net/signal.h"
#include "net/timer.h"

namespace {

using ferry::Error;
using ferry::ErrorCode;
using ferry::Result;
using ferry::Status;
using ferry::control::Paths;
using ferry::daemon::LockFile;

constexpr auto kLockPatience = std::chrono::milliseconds(5000);

struct Flags {
  bool background = false;
  bool core_dumps = false;
  std::string log_level = "info";
};

int complain(const Error& error) {
  std::fprintf(stderr, "ferryd: %s [%s]\n", error.summary().c_str(), error.id.c_str());
  if (!error.fix.empty()) std::fprintf(stderr, "  %s\n", error.fix.c_str());
  return 1;
}

Result<Paths> prepare_paths() {
  auto paths = ferry::control::paths(ferry::control::process_env);
  if (!paths) return paths;
  for (const auto& directory : {paths->runtime_dir, paths->state_dir}) {
    if (auto made = ferry::control::make_private_dir(directory); !made) return fail(made.error());
  }
  return paths;
}

// Whether a daemon takes connections there.
bool somebody_serves(const std::string& socket_path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const bool taken = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return taken;
}

// Another daemon that holds the lock may serve, be about to, or be about to end: only the first is
// an answer (kAlreadyExists).
Result<LockFile> acquire_lock(const Paths& paths, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    auto lock = LockFile::acquire(paths.lock);
    if (lock || lock.error().code != ErrorCode::kAlreadyExists) return lock;
    const bool late = std::chrono::steady_clock::now() > deadline;
    if (late || somebody_serves(paths.socket)) return lock;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

// From the first word of a signal to the end of the loop: links end, swaps are restored, clients
// hear of it, the server waits for its threads, which may in turn wait for the loop. A second word
// cuts the restoring short: the next daemon, or the stand-in itself, finishes it.
class Ending {
  static constexpr auto kForever = std::chrono::hours(24);

 public:
  Ending(ferry::net::Loop& loop, ferry::daemon::Daemon& daemon, ferry::control::Server& server)
      : loop_(loop), daemon_(daemon), server_(server), stay_(loop, [] {}) {}
  ~Ending() {
    if (stopper_.joinable()) stopper_.join();
  }
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;

  void begin() {
    if (begun_) {
      if (!stopper_.joinable()) spdlog::warn("told twice to end: what is swapped stays for later");
      stop();
      return;
    }
    begun_ = true;
    spdlog::info("ferryd is ending");
    stay_.start(kForever);  // with nothing left to do, the loop would end before who waits for it
    daemon_.close([this] { stop(); });
  }

 private:
  void stop() {
    if (stopper_.joinable()) return;
    stopper_ = std::thread([this] {
      server_.stop();
      loop_.post([this] { loop_.stop(); });
    });
  }

  bool begun_ = false;
  ferry::net::Loop& loop_;
  ferry::daemon::Daemon& daemon_;
  ferry::control::Server& server_;
  ferry::net::Timer stay_;
  std::thread stopper_;
};

Status serve(const Paths& paths, bool background, ferry::daemon::Readiness* readiness) {
  ferry::net::Loop loop;
  ferry::daemon::ClusterBackend backend(loop, paths.state_dir);
  Ending* ending = nullptr;
  ferry::daemon::Daemon daemon(loop, backend,
                               {.links_file = paths.links_file,
                                .swaps_file = paths.swaps_file,
                                .socket = paths.socket,
                                .log_file = background ? paths.log_file : std::string()},
                               [&ending] { ending->begin(); });
  ferry::control::Server server(daemon, {.socket_path = paths.socket});
  Ending end(loop, daemon, server);
  ending = &end;
  auto signals =
      ferry::net::SignalWatcher::create(loop, {SIGTERM, SIGINT}, [&end](int) { end.begin(); });
  if (!signals) return fail(signals.error());
  daemon.start();
  if (auto started = server.start(); !started) return started;
  spdlog::info("ferryd {} serves {}", ferry::version(), paths.socket);
  if (readiness != nullptr) readiness->ready();
  loop.run();
  return {};
}

Status run(const Paths& paths, const Flags& flags, ferry::daemon::Readiness* readiness) {
  auto lock = acquire_lock(paths, kLockPatience);
  if (!lock) return fail(lock.error());
  const ferry::LogOptions log{.level = flags.log_level,
                              .file = flags.background ? paths.log_file : std::string()};
  if (auto logging = ferry::init_log(log); !logging) return logging;
  return serve(paths, flags.background, readiness);
}

int run_in_background(const Paths& paths, const Flags& flags) {
  auto readiness = ferry::daemon::go_to_background();
  if (!readiness) return complain(readiness.error());
  std::signal(SIGHUP, SIG_IGN);
  const Status status = run(paths, flags, readiness->get());
  if (status) return 0;
  // Who starts the daemon in the background wants one to serve; that there is one already is fine.
  if (status.error().code == ErrorCode::kAlreadyExists && somebody_serves(paths.socket)) {
    (*readiness)->ready();
    return 0;
  }
  spdlog::error("{}", status.error().summary());
  (*readiness)->failed(status.error());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CLI::App app{"The local daemon of Ferry. `ferry` starts it when it is needed."};
  app.set_version_flag("--version", "ferryd " + std::string(ferry::version()));
  app.add_flag("--background", flags.background,
               "Leave the terminal; returns once the daemon serves");
  app.add_option("--log-level", flags.log_level,
                 "trace, debug, info, warning, error, critical or off")
      ->capture_default_str();
  app.add_flag("--core-dumps", flags.core_dumps,
               "For developers: allow core dumps and debuggers, which see the keys");
  CLI11_PARSE(app, argc, argv);

  if (!flags.core_dumps) ferry::hide_memory();
  umask(077);
  ferry::net::raise_descriptor_limit();
  const auto paths = prepare_paths();
  if (!paths) return complain(paths.error());
  if (flags.background) return run_in_background(*paths, flags);
  const Status status = run(*paths, flags, nullptr);
  return status ? 0 : complain(status.error());
}
