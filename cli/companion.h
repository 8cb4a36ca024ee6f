// What a swap has on this machine: files with the container's environment, its mounted files, and
// the user's program.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/invocation.h"
#include "cli/local_process.h"
#include "cli/mount_dir.h"
#include "cli/terminal.h"

namespace ferry::cli {

class Companion {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `local` is the environment of this process. Both outlive the companion.
  Companion(const SwapArguments& args, const std::map<std::string, std::string>& local,
            Terminal& terminal)
      : args_(args), local_(local), terminal_(terminal) {}
  ~Companion();
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;

  // Finds what can be found out before anything is touched: the command, the directory of --mount.
  Status prepare();

  // Whether it has to be told the container's environment.
  bool wants_environment() const;

  // The environment, or a newer one: writes what is to be written, and starts the program the first
  // time.
  Status take(const control::PodEnvironment& environment);

  bool is_running() const { return process_.has_value(); }

  // Passes a signal on; the program is killed if it is still there after a while.
  void end(int signal);
  // Ends the program, and starts it again once it has ended.
  void restart();

  // To be called on SIGCHLD. The exit code, once the program has ended and isn't to be started
  // again. Error: it can't be started again.
  Result<std::optional<int>> look();

  // When tick() has to be called, if at all.
  std::optional<Time> deadline() const { return kill_at_; }
  void tick(Time now);

 private:
  Status write_files(const control::PodEnvironment& environment);
  Status start();
  void tell_left_out(const std::vector<std::string>& lines, const std::string& where);

  const SwapArguments& args_;
  const std::map<std::string, std::string>& local_;
  Terminal& terminal_;
  std::vector<std::string> argv_;
  std::vector<control::Variable> variables_;
  std::optional<MountDir> mount_;
  std::optional<LocalProcess> process_;
  bool taken_ = false;
  bool restarting_ = false;
  std::optional<Time> kill_at_;
  std::set<std::string> told_;
};

}  // namespace ferry::cli
