// What may be set once instead of typed each time. Later sources win: the settings file, its part
// for the context, FERRY_* variables, flags. docs/cli.md describes it,
// docs/schema/config.schema.json is its schema.
#pragma once

#include <array>
#include <map>
#include <string>

#include "base/result.h"
#include "daemon/control/api.h"
#include "daemon/control/paths.h"

namespace ferry::cli {

// The names in the file; the variable of "pullPolicy" is FERRY_PULL_POLICY.
inline constexpr std::array<const char*, 5> kSettingNames = {"image", "pullPolicy", "pullSecrets",
                                                             "route", "idleExit"};

struct Setting {
  std::string value;  // lists joined with commas; empty: not set
  std::string from;   // "default", "~/.config/ferry/config.yaml", "FERRY_IMAGE", "--image"
};

struct Settings {
  std::string file;  // where the file is, or would be
  std::string context;
  std::map<std::string, Setting> values;  // every name of kSettingNames

  const std::string& operator[](const std::string& name) const { return values.at(name).value; }
};

// $XDG_CONFIG_HOME/ferry/config.yaml, else ~/.config/ferry/config.yaml.
std::string settings_path(const control::GetEnv& get_env);

// Flags: name -> value, those that were given. The values of every source are checked. Errors:
// kUsage naming the source, kIo. No file is no error.
Result<Settings> load_settings(const control::GetEnv& get_env, const std::string& context,
                               const std::map<std::string, std::string>& flags);

// What a link is to be created with.
control::ProxyOptions proxy_options(const Settings& settings);
control::Route route_of(const Settings& settings);

}  // namespace ferry::cli
