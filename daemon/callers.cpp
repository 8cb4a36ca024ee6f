#include "daemon/callers.h"

#include <utility>

#include "daemon/proxy_protocol.h"

namespace ferry::daemon {
namespace {

constexpr Duration kDialTimeout = std::chrono::seconds(5);
constexpr std::size_t kMaxDials = 1024;

}  // namespace

void CallerDials::take(tunnel::StreamId stream, const tunnel::Target& target,
                       CallerService* service) {
  const auto place = service != nullptr ? service->place_of(target.port) : std::nullopt;
  if (!place) {
    io_.refuse(stream, tunnel::Reason::kNoSuchLink, "nothing is linked to this port");
    return;
  }
  if (dials_.size() >= kMaxDials) {
    io_.refuse(stream, tunnel::Reason::kLimit, "too many connections are being made");
    return;
  }
  dials_[stream] =
      std::make_unique<net::Dial>(loop_, place->address, net::DialOptions{.timeout = kDialTimeout},
                                  [this, stream, place = *place, caller = target,
                                   service](Result<std::unique_ptr<net::ByteStream>> socket) {
                                    dialled(stream, place, caller, *service, std::move(socket));
                                  });
}

void CallerDials::cancel(tunnel::StreamId stream) {
  const auto found = dials_.find(stream);
  if (found == dials_.end()) return;
  loop_.delete_later(std::move(found->second));
  dials_.erase(found);
}

void CallerDials::refuse_all() {
  for (auto& [stream, dial] : std::exchange(dials_, {})) {
    loop_.delete_later(std::move(dial));
    io_.refuse(stream, tunnel::Reason::kNoSuchLink, "the link has ended");
  }
}

void CallerDials::dialled(tunnel::StreamId stream, const LocalPlace& place,
                          const tunnel::Target& caller, CallerService& service,
                          Result<std::unique_ptr<net::ByteStream>> socket) {
  cancel(stream);
  if (!socket) {
    // One that doesn't answer in time listens all the same.
    const bool late = socket.error().code == ErrorCode::kTimedOut;
    io_.refuse(stream, late ? tunnel::Reason::kTimedOut : tunnel::Reason::kRefused,
               socket.error().why);
    if (!late) service.on_nobody_there(place);
    return;
  }
  if (place.proxy_protocol) {
    const auto header = proxy_protocol_header(caller.host, caller.port);
    (*socket)->write(Bytes(header.data(), header.size()));
  }
  on_made_(stream, place, std::move(*socket));
}

}  // namespace ferry::daemon
