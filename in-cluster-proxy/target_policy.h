// Which addresses a stream may be connected to.
//
// Decided on the resolved address, never on the name: a name may resolve to anything, and to
// something else the next time.
//
// In this order, the first that matches decides:
//   1. a --deny rule            refused
//   2. an --allow rule          permitted
//   3. what is never a Service  refused: loopback, link-local (cloud metadata services live there),
//                               the unspecified address, multicast, and the proxy's own ports on
//                               the pod's own addresses
//   4. anything else            permitted, unless there are --allow rules
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace ferry::proxy {

// IPv4 addresses are held in their IPv6-mapped form (RFC 4291, section 2.5.5.2), so that
// "::ffff:127.0.0.1" is what it stands for.
using IpAddress = std::array<std::uint8_t, 16>;

// An IPv4 or IPv6 literal, a zone ("%eth0") is ignored. Empty: not an address.
std::optional<IpAddress> parse_ip(std::string_view text);

struct AddressRule {
  IpAddress prefix{};
  unsigned bits = 128;  // how many of prefix count; 0 to 128
  std::uint16_t first_port = 1;
  std::uint16_t last_port = 65535;

  bool matches(const IpAddress& address, std::uint16_t port) const;
};

// "10.0.0.0/8", "10.1.2.3", "10.0.0.0/8:443", "10.0.0.0/8:8000-8999", "[fd00::/8]:443", "fd00::/8".
// Error: kInvalid.
Result<AddressRule> parse_address_rule(std::string_view text);

class TargetPolicy {
 public:
  struct Rules {
    std::vector<AddressRule> deny;
    std::vector<AddressRule> allow;
  };

  // Permits what is not refused by default.
  TargetPolicy() : TargetPolicy(Rules{}) {}
  explicit TargetPolicy(Rules rules);

  // The proxy's own ports, refused on every address that this host has now.
  void refuse_own_ports(const std::vector<std::uint16_t>& ports);

  // `address.host` is a literal; anything else is refused.
  bool permits(const net::HostPort& address) const;

 private:
  Rules rules_;
  std::vector<AddressRule> refused_by_default_;
};

}  // namespace ferry::proxy
