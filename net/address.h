// A host, by name or address, and a port; and its written form.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ferry::net {

struct HostPort {
  std::string host;        // name, IPv4 or IPv6 address without brackets
  std::uint16_t port = 0;  // 1 to 65535; 0 only where a listener picks one

  bool operator==(const HostPort&) const = default;
};

// "host:port", "[v6]:port".
std::string to_string(const HostPort& address);

// Parses "host:port" and "[v6]:port", port 0 to 65535. Error: kInvalid.
Result<HostPort> parse_host_port(std::string_view text);

}  // namespace ferry::net
