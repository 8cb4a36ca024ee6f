#include "cli/companion.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <utility>

#include "cli/environment_formats.h"
#include "cli/private_file.h"
#include "cli/problems.h"

namespace ferry::cli {
namespace {

// As terminationGracePeriodSeconds of a pod by default.
constexpr auto kRestartGrace = std::chrono::seconds(30);
constexpr auto kEndGrace = std::chrono::seconds(10);

// Whether a file may come to be there; said before anything is touched.
Status check_place(const std::string& path) {
  if (path.empty() || path == "-") return {};
  auto folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  if (access(folder.c_str(), W_OK | X_OK) == 0) return {};
  const int code = errno;
  return fail(code == ENOENT ? problem::kDirectoryMissing : problem::kDirectoryForbidden,
              "writing the environment to " + path,
              "directory " + folder.string() + ": " + std::strerror(code),
              code == ENOENT ? "create it, or name another place" : "name another place");
}

}  // namespace

Companion::~Companion() {
  if (mount_) mount_->remove();
}

Status Companion::prepare() {
  if (!args_.run.empty()) {
    argv_ = {"/bin/sh", "-c", args_.run};
  } else if (!args_.command.empty()) {
    const auto path = local_.find("PATH");
    auto found =
        find_program(args_.command.front(), path == local_.end() ? "/usr/bin:/bin" : path->second);
    if (!found) return fail(found.error());
    argv_ = args_.command;
    argv_.front() = std::move(*found);
  }
  for (const auto& path : {args_.env_file, args_.env_json, args_.env_sh}) {
    if (auto status = check_place(path); !status) return status;
  }
  if (args_.mount.empty()) return {};
  auto mount = MountDir::open(args_.mount);
  if (!mount) return fail(mount.error());
  mount_.emplace(std::move(*mount));
  return {};
}

bool Companion::wants_environment() const {
  return args_.has_command() || !args_.env_file.empty() || !args_.env_json.empty() ||
         !args_.env_sh.empty() || !args_.mount.empty();
}

Status Companion::take(const control::PodEnvironment& environment) {
  tell_left_out(environment.left_out, "the container's files");
  if (mount_) {
    if (auto written = mount_->write(environment.files); !written) return written;
  }
  if (taken_) return {};
  taken_ = true;
  variables_ = environment.variables;
  if (auto written = write_files(environment); !written) return written;
  return argv_.empty() ? Status() : start();
}

Status Companion::write_files(const control::PodEnvironment& environment) {
  const auto write = [this](const std::string& path, const FormattedEnvironment& formatted) {
    if (path.empty()) return Status();
    tell_left_out(formatted.left_out, path == "-" ? "the environment" : path);
    if (path != "-") return write_private_file(path, formatted.text);
    terminal_.print(formatted.text);
    return Status();
  };
  const auto here = portable(environment.variables);
  if (auto done = write(args_.env_file, as_env_file(here)); !done) return done;
  if (auto done = write(args_.env_sh, as_shell(here)); !done) return done;
  return write(args_.env_json, as_json(environment.variables));
}

void Companion::tell_left_out(const std::vector<std::string>& lines, const std::string& where) {
  for (const auto& line : lines) {
    if (told_.insert(where + line).second)
      terminal_.warn(problem::kLeftOut, "left out of " + where + ": " + line);
  }
}

Status Companion::start() {
  auto variables = process_environment(local_, variables_);
  if (mount_) variables.push_back("FERRY_ROOT=" + mount_->path());
  auto process = LocalProcess::start(argv_, variables);
  if (!process) return fail(process.error());
  process_.emplace(*process);
  return {};
}

void Companion::end(int signal) {
  restarting_ = false;
  if (!process_) return;
  process_->signal(signal);
  kill_at_ = std::chrono::steady_clock::now() + kEndGrace;
}

void Companion::restart() {
  if (!process_ || restarting_) return;
  restarting_ = true;
  process_->signal(SIGTERM);
  kill_at_ = std::chrono::steady_clock::now() + kRestartGrace;
}

Result<std::optional<int>> Companion::look() {
  if (!process_) return std::optional<int>();
  const auto code = process_->look();
  if (!code) return std::optional<int>();
  process_.reset();
  kill_at_.reset();
  if (!std::exchange(restarting_, false)) return code;
  if (auto started = start(); !started) return fail(started.error());
  return std::optional<int>();
}

void Companion::tick(Time now) {
  if (!kill_at_ || now < *kill_at_) return;
  kill_at_.reset();
  if (process_) process_->signal(SIGKILL);
}

}  // namespace ferry::cli
