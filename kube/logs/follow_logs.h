// Following the logs of everything that a selector selects, for as long as it takes: pods that come
// and go, containers that start anew, connections that break.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "kube/api.h"
#include "kube/cancel.h"
#include "kube/logs/log_source.h"
#include "kube/logs/read_log.h"

namespace ferry::logs {

// Each takes a thread and a connection.
inline constexpr std::size_t kMostFollowed = 100;

struct FollowOptions {
  std::string container;  // empty: all
  // For what is there at first; of what comes later, everything is shown.
  std::optional<std::int64_t> since_seconds;
  std::optional<std::int64_t> tail;
};

struct FollowCallbacks {
  // One call at a time, from several threads; while it blocks, nothing more is read.
  OnLogLine on_line;  // false ends the whole
  // What becomes of pods and connections; called as on_line is.
  std::function<void(const std::string&)> on_note;
};

// Blocks until `cancel` is cancelled; does that itself when on_line says so, when the pod that
// `source` is has ended, or when logs may not be read, which is the error (kForbidden,
// kUnauthenticated).
Status follow_logs(kube::Api& api, const LogSource& source, const FollowOptions& options,
                   const FollowCallbacks& callbacks, kube::CancelToken& cancel);

}  // namespace ferry::logs
