// Reading the log of one container: one request, line by line.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ (read log)
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kube/api.h"
#include "kube/cancel.h"
#include "kube/logs/containers.h"
#include "kube/logs/seam.h"

namespace ferry::logs {

// What is beyond in a line is left out, so that one without an end doesn't take all memory.
inline constexpr std::size_t kLongestLine = std::size_t{256} * 1024;

struct LogRequest {
  bool previous = false;                      // of the run before
  bool follow = false;                        // until the container ends
  std::string since_time;                     // RFC 3339; empty: from the beginning
  std::optional<std::int64_t> since_seconds;  // back from now; not along with since_time
  std::optional<std::int64_t> tail;           // the last lines of what there is at first
};

// Views that are valid during the call.
struct LogLine {
  const LoggedContainer& from;
  std::string_view time;  // RFC 3339 with nanoseconds; empty where the node gave none
  std::string_view text;  // at most kLongestLine
  bool cut = false;       // it was longer
};

// False: no more of it.
using OnLogLine = std::function<bool(const LogLine&)>;

// Lines that the seam has had already are passed over. Errors: those of Api; kInvalid where the
// container has no such log.
Status read_log(kube::Api& api, const std::string& ns, const LoggedContainer& container,
                const LogRequest& request, Seam& seam, const OnLogLine& on_line,
                const kube::CancelToken& cancel);

}  // namespace ferry::logs
