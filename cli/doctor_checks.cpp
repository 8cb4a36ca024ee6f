#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "cli/doctor.h"
#include "kube/text.h"

namespace ferry::cli {
namespace {

// Certificates and tokens are judged by both clocks.
constexpr std::int64_t kMostSkew = 30;
// ferryd takes what the hard limit allows: a connection that is forwarded takes two.
constexpr std::uint64_t kFewestFiles = 1024;

std::string limit_text(std::uint64_t limit) {
  return limit == RLIM_INFINITY ? "unlimited" : std::to_string(limit);
}

bool is_command(const std::string& path) { return access(path.c_str(), X_OK) == 0; }

}  // namespace

Check check_clock(std::int64_t seconds_ahead) {
  Check check{.name = "clock"};
  const std::string seconds = std::to_string(std::abs(seconds_ahead)) + " s";
  check.fine = std::abs(seconds_ahead) < kMostSkew;
  if (check.fine) {
    check.summary = "within " + std::to_string(kMostSkew) + " s of the API server's";
    return check;
  }
  check.summary = "the API server's clock is " + seconds +
                  (seconds_ahead > 0 ? " ahead of" : " behind") + " this machine's";
  check.details = {"tokens and certificates may count as expired, or as not valid yet"};
  check.fix = "set this machine's clock (timedatectl set-ntp true), or have the server's set";
  return check;
}

Check check_open_files(std::uint64_t soft, std::uint64_t hard) {
  Check check{.name = "limits"};
  check.fine = hard >= kFewestFiles;
  check.summary =
      "open files: " + limit_text(soft) + ", which ferryd raises to " + limit_text(hard);
  if (soft == hard) check.summary = "open files: " + limit_text(hard);
  if (check.fine) return check;
  check.details = {"enough for about " + std::to_string(hard / 2) + " connections"};
  check.fix = "raise the hard limit: LimitNOFILE= of the service, or /etc/security/limits.conf";
  return check;
}

Check check_plugin(const kube::ExecPlugin& plugin, const std::string& path) {
  Check check{.name = "exec-plugin"};
  const bool direct = plugin.command.find('/') != std::string::npos;
  std::string found = direct && is_command(plugin.command) ? plugin.command : "";
  const std::string_view folders = direct ? std::string_view() : std::string_view(path);
  for (const auto folder : kube::split(folders, ':')) {
    const std::string candidate = std::string(folder) + "/" + plugin.command;
    if (found.empty() && !folder.empty() && is_command(candidate)) found = candidate;
  }
  check.fine = !found.empty();
  check.summary = check.fine ? found : "'" + plugin.command + "' is not there, or can't be run";
  if (check.fine) return check;
  check.details = {"the kubeconfig takes the user's credentials from it"};
  check.fix = plugin.install_hint.empty() ? "install it, or put its directory into PATH"
                                          : plugin.install_hint;
  return check;
}

Check check_rights(const std::vector<doctor::AreaAnswer>& rights, const std::string& ns) {
  Check check{.name = "rights"};
  std::size_t all = 0;
  std::size_t missing = 0;
  for (const auto& [area, allowed] : rights) {
    std::vector<std::string> refused;
    for (std::size_t i = 0; i < allowed.size(); ++i) {
      if (!allowed[i]) refused.push_back(to_string(area->rights[i]));
    }
    all += allowed.size();
    missing += refused.size();
    if (!refused.empty()) {
      check.details.push_back(area->name + ": no right to " + kube::enumerate(refused, "") + ": " +
                              area->cost);
    }
  }
  check.fine = missing == 0;
  check.summary = check.fine ? "all " + std::to_string(all) + " that Ferry uses, in namespace " + ns
                             : std::to_string(missing) + " of " + std::to_string(all) +
                                   " are missing in namespace " + ns;
  if (!check.fine) check.fix = "ask for them; manifests/user-role.yaml lists all that are needed";
  return check;
}

}  // namespace ferry::cli
