// Where a user's daemon lives. The daemon and its clients compute the same paths.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"

namespace ferry::control {

struct Paths {
  std::string runtime_dir;  // $XDG_RUNTIME_DIR/ferry, else /tmp/ferry-UID
  std::string socket;       // runtime_dir/ferryd.sock
  std::string lock;         // runtime_dir/ferryd.lock
  std::string state_dir;    // $XDG_STATE_HOME/ferry, else ~/.local/state/ferry
  std::string log_file;     // state_dir/ferryd.log
  std::string links_file;   // state_dir/links.json: what the next daemon takes up
  std::string swaps_file;   // state_dir/swaps.json: what the next daemon takes up or puts back
};

// A value of the environment, or nothing.
using GetEnv = std::function<std::optional<std::string>(const std::string&)>;
std::optional<std::string> process_env(const std::string& name);

// Computes; creates nothing. Error: kInvalid when the socket's path is longer than a Unix socket
// address holds (107 bytes), kInvalid when neither XDG_STATE_HOME nor HOME is an absolute path.
Result<Paths> paths(const GetEnv& get_env);

// Creates a directory with mode 0700 (parents with 0700 too), or checks that an existing one
// belongs to this user and nobody else may write into it. Errors: kIo, kForbidden.
Status make_private_dir(const std::string& path);

// Whether what is in the directory was put there by this user: /tmp/ferry-UID might be somebody
// else's, who waits there for what a client sends to its daemon. Errors: kNotFound, kIo,
// kForbidden.
Status check_private_dir(const std::string& path);

}  // namespace ferry::control
