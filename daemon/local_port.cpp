#include "daemon/local_port.h"

#include <unistd.h>

#include <utility>

#include "base/port_holder.h"

namespace ferry::daemon {
namespace {

// A port that is free on one address may be taken on the next; then another one is tried.
constexpr int kFreePortAttempts = 20;

Error explain(Error error, const net::HostPort& address) {
  error.what = "listening on " + to_string(address);
  if (error.code == ErrorCode::kAlreadyExists) {
    const auto holder = find_port_holder(address.port);
    if (holder && holder->pid == getpid()) {
      error.why = "another link of yours listens there";
      error.fix = "`ferry list` shows it, `ferry leave` ends it; or choose another local port";
      return error;
    }
    error.why = holder ? "the port is taken by " + describe(*holder) : "the port is taken";
    error.fix = "end that process, choose another local port, or let Ferry choose with :REMOTE";
  } else if (error.code == ErrorCode::kForbidden) {
    error.fix =
        "ports below 1024 are privileged: choose a higher one, or lower "
        "net.ipv4.ip_unprivileged_port_start with sysctl";
  } else if (error.code == ErrorCode::kInvalid) {
    error.fix = "--address takes addresses of this machine; `ip address` lists them";
  }
  return error;
}

}  // namespace

Result<std::unique_ptr<LocalPort>> LocalPort::open(net::Loop& loop,
                                                   const std::vector<std::string>& addresses,
                                                   std::uint16_t port, OnAccept on_accept) {
  const bool both_loopbacks = addresses.empty();
  const std::vector<std::string> wanted =
      both_loopbacks ? std::vector<std::string>{"127.0.0.1", "::1"} : addresses;
  for (int attempt = 1;; ++attempt) {
    std::unique_ptr<LocalPort> local(new LocalPort);
    local->port_ = port;
    Status status;
    for (const std::string& address : wanted) {
      status = local->listen(loop, address, on_accept);
      // A machine without IPv6 is still served.
      const bool optional = both_loopbacks && !local->listeners_.empty();
      if (!status && status.error().code == ErrorCode::kInvalid && optional) status = {};
      if (!status) break;
    }
    if (status) return local;
    const bool taken = status.error().code == ErrorCode::kAlreadyExists;
    if (port != 0 || !taken || attempt == kFreePortAttempts) return fail(status.error());
  }
}

Status LocalPort::listen(net::Loop& loop, const std::string& address, const OnAccept& on_accept) {
  const net::HostPort place{address, port_};
  auto listener =
      net::Listener::create(loop, place,
                            [on_accept](std::unique_ptr<net::ByteStream> stream,
                                        const net::HostPort&) { on_accept(std::move(stream)); },
                            {.spares_descriptors = true});
  if (!listener) return fail(explain(listener.error(), place));
  port_ = (*listener)->address().port;
  addresses_.push_back(address);
  listeners_.push_back(std::move(*listener));
  return {};
}

}  // namespace ferry::daemon
