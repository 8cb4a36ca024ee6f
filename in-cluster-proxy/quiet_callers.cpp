#include "in-cluster-proxy/quiet_callers.h"

#include <utility>

namespace ferry::proxy {

void QuietCallers::look(tunnel::SessionIo& io, Duration quiet, TimePoint now) {
  for (auto& [stream, caller] : callers_) {
    const auto traffic = io.traffic(stream);
    if (!traffic || caller.let_go) continue;
    const std::uint64_t bytes = traffic->to_peer + traffic->from_peer;
    if (!std::exchange(caller.seen, true) || bytes != caller.bytes) {
      caller.bytes = bytes;
      caller.since = now;
    }
    const bool waits = traffic->to_peer > 0 && !traffic->peer_spoke_last;
    if (waits || now - caller.since < quiet) continue;
    caller.let_go = true;
    io.end_socket(stream);
  }
}

}  // namespace ferry::proxy
