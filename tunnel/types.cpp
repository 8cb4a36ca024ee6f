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

bool is_valid(const Target& target) {
  const bool named = !target.host.empty() && target.host.size() <= kMaxHost;
  return named && (target.port == 0) == (target.kind == TargetKind::kService);
}

bool may_ask_for(Role opener, TargetKind kind) {
  return (opener == Role::kProxy) == (kind == TargetKind::kLink);
}

bool supersedes(const Holder& next, const Holder& before) {
  if (next.installation != before.installation) return false;
  return next.process != before.process || next.tunnel == before.tunnel;
}

}  // namespace ferry::tunnel
