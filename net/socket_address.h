// The kernel's form of an address. Included by sources of net/ only.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

#include "net/address.h"

namespace ferry::net {

class SocketAddress {
 public:
  // An IPv4 or IPv6 literal ("fe80::1%eth0" too); nothing is looked up. Empty for anything else.
  static std::optional<SocketAddress> from_literal(const std::string& host, std::uint16_t port);
  // AF_INET and AF_INET6 only; empty for other families.
  static std::optional<SocketAddress> from_native(const sockaddr* address);

  const sockaddr* native() const { return &any_.generic; }
  int family() const { return any_.generic.sa_family; }
  HostPort host_port() const;
  std::string text() const { return to_string(host_port()); }

 private:
  SocketAddress() = default;

  union {
    sockaddr generic;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } any_ = {};
};

}  // namespace ferry::net
