// How a command gets at its daemon; one of another version is told of on the way.
#pragma once

#include <optional>

#include "base/result.h"
#include "cli/invocation.h"
#include "cli/terminal.h"
#include "daemon/control/client.h"
#include "daemon/control/paths.h"

namespace ferry::cli {

class DaemonAccess {
 public:
  // All of them outlive it.
  DaemonAccess(const Invocation& invocation, Terminal& terminal, const control::GetEnv& get_env)
      : invocation_(invocation), terminal_(terminal), get_env_(get_env) {}

  // Errors of each: those of control::paths(), and of what daemon_start.h says.

  // One that runs; it is started where none does.
  Result<control::Client> started() const;
  // The one that runs, or nothing.
  Result<std::optional<control::Client>> running() const;
  // The same; where an earlier daemon has left something, the next is started, for it to be seen.
  Result<std::optional<control::Client>> of_links() const;

 private:
  void tell_mismatch(const control::Client& client) const;

  const Invocation& invocation_;
  Terminal& terminal_;
  const control::GetEnv& get_env_;
};

}  // namespace ferry::cli
