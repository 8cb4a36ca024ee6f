#include "in-cluster-proxy/stand_in_flags.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "in-cluster-proxy/flag_values.h"
#include "in-cluster-proxy/problems.h"

namespace ferry::proxy {
namespace {

constexpr std::string_view kStandIn = "--stand-in";

// A bare number is in seconds, as everywhere in Kubernetes.
Result<Duration> parse_orphan_timeout(const std::string& text) {
  const bool bare = text.find_first_not_of("0123456789") == std::string::npos;
  return parse_duration("--orphan-timeout", bare ? text + "s" : text);
}

Result<std::optional<RestoreTarget>> parse_restore(const std::string& text) {
  if (text.empty()) return std::optional<RestoreTarget>{};
  const auto first = text.find('/');
  const auto second = first == std::string::npos ? first : text.find('/', first + 1);
  RestoreTarget target;
  if (second != std::string::npos) {
    target = {text.substr(0, first), text.substr(first + 1, second - first - 1),
              text.substr(second + 1)};
  }
  const auto& kinds = {"deployment", "statefulset", "replicaset"};
  const bool known = std::find(kinds.begin(), kinds.end(), target.kind) != kinds.end();
  const bool named = !target.ns.empty() && !target.name.empty();
  if (known && named && target.name.find('/') == std::string::npos) return std::optional(target);
  return fail(problem::kFlagInvalid, "reading --restore=" + text, "it names no workload",
              "write NAMESPACE/KIND/NAME; KIND is deployment, statefulset or replicaset");
}

std::vector<std::string> own_environment() {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) all.emplace_back(*entry);
  return all;
}

}  // namespace

void declare_stand_in(CLI::App& app, StandInFlags& flags) {
  app.add_option(std::string(kStandIn), flags.id,
                 "Run in the place of a container, for the swap with this id")
      ->type_name("ID");
  app.add_option("--mount", flags.mounts, "Serve this directory or file to the daemon; repeatable")
      ->type_name("PATH");
  app.add_option("--orphan-timeout", flags.orphan_timeout,
                 "Restore what was replaced when no daemon was attached for this long; 0: never")
      ->capture_default_str()
      ->type_name("DURATION");
  app.add_option("--restore", flags.restore, "The workload to restore then")
      ->type_name("NAMESPACE/KIND/NAME");
  app.add_option("--restore-credentials", flags.restore_credentials,
                 "Directory with token and ca.crt of the account that may restore it")
      ->capture_default_str()
      ->type_name("DIR");
  app.add_option("--drain-accept", flags.drain_accept,
                 "Go on taking callers for this long after SIGTERM")
      ->capture_default_str()
      ->type_name("DURATION");
}

bool is_stand_in(int argc, const char* const* argv) {
  return std::any_of(argv, argv + argc, [](std::string_view argument) {
    return argument == kStandIn || argument.substr(0, kStandIn.size() + 1) == "--stand-in=";
  });
}

void leave_environment_alone(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) option->envname("");
}

Result<std::optional<StandInConfig>> understand_stand_in(const StandInFlags& flags) {
  if (flags.id.empty()) return std::optional<StandInConfig>{};
  StandInConfig config;
  Readings readings;
  readings.take(config.orphan_timeout, parse_orphan_timeout(flags.orphan_timeout));
  readings.take(config.restore, parse_restore(flags.restore));
  readings.take(config.drain_accept, parse_duration("--drain-accept", flags.drain_accept));
  if (readings.error()) return fail(*readings.error());
  config.id = flags.id;
  config.mounts = flags.mounts;
  config.restore_credentials = flags.restore_credentials;
  config.environment = own_environment();
  return std::optional(std::move(config));
}

}  // namespace ferry::proxy
