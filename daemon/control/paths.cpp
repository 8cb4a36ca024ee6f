#include "daemon/control/paths.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "daemon/control/problems.h"

namespace ferry::control {
namespace {

// The XDG base directory specification: a relative path in one of its variables is ignored.
std::optional<std::string> absolute(const GetEnv& get_env, const std::string& name) {
  auto value = get_env(name);
  if (!value || value->empty() || value->front() != '/') return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::string> process_env(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

Result<Paths> paths(const GetEnv& get_env) {
  Paths paths;
  const auto runtime = absolute(get_env, "XDG_RUNTIME_DIR");
  paths.runtime_dir = runtime ? *runtime + "/ferry" : "/tmp/ferry-" + std::to_string(geteuid());
  paths.socket = paths.runtime_dir + "/ferryd.sock";
  paths.lock = paths.runtime_dir + "/ferryd.lock";
  if (paths.socket.size() >= sizeof(sockaddr_un{}.sun_path)) {
    return fail(problem::kPathInvalid, "placing the daemon's socket at " + paths.socket,
                "a Unix socket's path has at most 107 bytes",
                "set XDG_RUNTIME_DIR to a shorter path");
  }
  if (const auto state = absolute(get_env, "XDG_STATE_HOME")) {
    paths.state_dir = *state + "/ferry";
  } else if (const auto home = absolute(get_env, "HOME")) {
    paths.state_dir = *home + "/.local/state/ferry";
  } else {
    return fail(problem::kPathInvalid, "placing the daemon's log",
                "neither HOME nor XDG_STATE_HOME is an absolute path", "set HOME");
  }
  paths.log_file = paths.state_dir + "/ferryd.log";
  paths.links_file = paths.state_dir + "/links.json";
  paths.swaps_file = paths.state_dir + "/swaps.json";
  return paths;
}

Status check_private_dir(const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) {
    const Problem& problem =
        errno == ENOENT ? problem::kDirectoryMissing : problem::kDirectoryFails;
    return fail(problem, "using the directory " + path, std::strerror(errno));
  }
  if (!S_ISDIR(info.st_mode)) {
    return fail(problem::kDirectoryFails, "using the directory " + path, "something else is there",
                "move it away");
  }
  if (info.st_uid != geteuid() || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(problem::kDirectoryForeign, "using the directory " + path,
                "it belongs to somebody else, or others may write into it",
                "set XDG_RUNTIME_DIR to a directory of your own with mode 0700");
  }
  return {};
}

Status make_private_dir(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string parent = path.substr(0, slash);
    if (mkdir(parent.c_str(), 0700) != 0 && errno != EEXIST) {
      return fail(problem::kDirectoryFails, "creating the directory " + parent,
                  std::strerror(errno));
    }
  }
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail(problem::kDirectoryFails, "creating the directory " + path, std::strerror(errno));
  }
  return check_private_dir(path);
}

}  // namespace ferry::control
