#include "tunnel/types.h"

namespace ferry::tunnel {

std::string_view name_of(Reason reason) {
  switch (reason) {
    case Reason::kNone: return "none";
    case Reason::kRefused: return "refused";
    case Reason::kNoSuchHost: return "no-such-host";
    case Reason::kUnreachable: return "unreachable";
    case Reason::kTimedOut: return "timed-out";
    case Reason::kReset: return "reset";
    case Reason::kForbidden: return "forbidden";
    case Reason::kLimit: return "limit";
    case Reason::kNoSuchLink: return "no-such-link";
    case Reason::kShuttingDown: return "shutting-down";
    case Reason::kCancelled: return "cancelled";
    case Reason::kInternal: return "internal";
  }
  return "unknown";
}

}  // namespace ferry::tunnel
