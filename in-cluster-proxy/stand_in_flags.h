// The flags of a stand-in.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "in-cluster-proxy/config.h"

namespace ferry::proxy {

// The texts of the command line, before they are understood.
struct StandInFlags {
  std::string id;
  std::vector<std::string> mounts;
  std::string orphan_timeout = "10m";
  std::string restore;
  std::string restore_credentials = "/etc/ferry/restore";
  std::string drain_accept = "5s";
};

void declare_stand_in(CLI::App& app, StandInFlags& flags);

// Whether --stand-in is among the arguments.
bool is_stand_in(int argc, const char* const* argv);

// Has the flags that were declared so far read from the command line only.
void leave_environment_alone(CLI::App& app);

// None without --stand-in. The environment is this process's. Error: kInvalid.
Result<std::optional<StandInConfig>> understand_stand_in(const StandInFlags& flags);

}  // namespace ferry::proxy
