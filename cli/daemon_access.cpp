#include "cli/daemon_access.h"

#include <string>

#include "base/version.h"
#include "cli/daemon_start.h"
#include "cli/problems.h"

namespace ferry::cli {

void DaemonAccess::tell_mismatch(const control::Client& client) const {
  const auto daemon = client.version();
  if (!daemon) return;  // the call that follows says why
  const auto mismatch = version_mismatch(std::string(version()), *daemon, invocation_.program);
  if (mismatch) terminal_.warn(problem::kVersionMismatch, mismatch->why + ": " + mismatch->fix);
}

Result<std::optional<control::Client>> DaemonAccess::running() const {
  const auto paths = control::paths(get_env_);
  if (!paths) return fail(paths.error());
  auto found = running_daemon(*paths);
  if (found && *found) tell_mismatch(**found);
  if (!found) return fail(found.error());
  // Not assignable, hence built anew.
  return *found ? std::optional<control::Client>(std::in_place, paths->socket) : std::nullopt;
}

Result<std::optional<control::Client>> DaemonAccess::of_links() const {
  const auto paths = control::paths(get_env_);
  if (!paths || !something_is_left(*paths)) return running();
  if (auto client = started(); !client) return fail(client.error());
  return std::optional<control::Client>(std::in_place, paths->socket);
}

Result<control::Client> DaemonAccess::started() const {
  const auto paths = control::paths(get_env_);
  if (!paths) return fail(paths.error());
  auto client = ensure_daemon(*paths, get_env_, invocation_.log_level);
  if (client) tell_mismatch(*client);
  return client;
}

}  // namespace ferry::cli
