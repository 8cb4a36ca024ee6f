#include "net/socket_address.h"

#include <uv.h>

#include <array>

namespace ferry::net {

std::optional<SocketAddress> SocketAddress::from_literal(const std::string& host,
                                                         std::uint16_t port) {
  SocketAddress address;
  if (uv_ip4_addr(host.c_str(), port, &address.any_.v4) == 0) return address;
  if (uv_ip6_addr(host.c_str(), port, &address.any_.v6) == 0) return address;
  return std::nullopt;
}

std::optional<SocketAddress> SocketAddress::from_native(const sockaddr* native) {
  SocketAddress address;
  if (native->sa_family == AF_INET) {
    address.any_.v4 = *reinterpret_cast<const sockaddr_in*>(native);
  } else if (native->sa_family == AF_INET6) {
    address.any_.v6 = *reinterpret_cast<const sockaddr_in6*>(native);
  } else {
    return std::nullopt;
  }
  return address;
}

HostPort SocketAddress::host_port() const {
  std::array<char, INET6_ADDRSTRLEN + 1> text = {};
  if (family() == AF_INET) {
    uv_ip4_name(&any_.v4, text.data(), text.size());
    return {text.data(), ntohs(any_.v4.sin_port)};
  }
  uv_ip6_name(&any_.v6, text.data(), text.size());
  return {text.data(), ntohs(any_.v6.sin6_port)};
}

}  // namespace ferry::net
