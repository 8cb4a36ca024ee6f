#include "in-cluster-proxy/target_policy.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <utility>

#include "in-cluster-proxy/problems.h"

namespace ferry::proxy {
namespace {

constexpr unsigned kMappedBits = 96;  // of ::ffff:0:0/96

IpAddress mapped(const in_addr& v4) {
  IpAddress address{};
  address[10] = 0xff;
  address[11] = 0xff;
  std::memcpy(&address[12], &v4, sizeof v4);
  return address;
}

IpAddress from_native(const in6_addr& v6) {
  IpAddress address{};
  std::memcpy(address.data(), &v6, sizeof v6);
  return address;
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text, Number most) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

// Splits "[v6/bits]:ports" and "v4/bits:ports"; a bare IPv6 prefix has several colons and no ports.
std::pair<std::string_view, std::string_view> split_ports(std::string_view text) {
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return {text, {}};
    const std::string_view rest = text.substr(close + 1);
    if (rest.empty()) return {text.substr(1, close - 1), {}};
    return {text.substr(1, close - 1), rest.starts_with(':') ? rest.substr(1) : "?"};
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
    return {text, {}};
  }
  const std::string_view ports = text.substr(colon + 1);
  return {text.substr(0, colon), ports.empty() ? "?" : ports};
}

bool parse_ports(std::string_view text, AddressRule& rule) {
  const auto dash = text.find('-');
  const auto first = parse_number<std::uint16_t>(text.substr(0, dash), 65535);
  const auto last = dash == std::string_view::npos
                        ? first
                        : parse_number<std::uint16_t>(text.substr(dash + 1), 65535);
  if (!first || !last || *first == 0 || *last < *first) return false;
  rule.first_port = *first;
  rule.last_port = *last;
  return true;
}

bool parse_prefix(std::string_view text, AddressRule& rule) {
  const auto slash = text.find('/');
  const std::string_view literal = text.substr(0, slash);
  const auto address = parse_ip(literal);
  if (!address) return false;
  rule.prefix = *address;
  if (slash == std::string_view::npos) return true;
  const unsigned offset = literal.find(':') == std::string_view::npos ? kMappedBits : 0;
  const auto bits = parse_number<unsigned>(text.substr(slash + 1), 128 - offset);
  if (!bits) return false;
  rule.bits = offset + *bits;
  return true;
}

AddressRule known_rule(std::string_view text) {
  AddressRule rule;
  parse_prefix(text, rule);
  return rule;
}

std::vector<AddressRule> never_a_service() {
  std::vector<AddressRule> rules;
  for (const std::string_view prefix :
       {"0.0.0.0/8", "::/128",          // the unspecified address: Linux connects it to itself
        "127.0.0.0/8", "::1/128",       // this pod
        "169.254.0.0/16", "fe80::/10",  // link-local: node and cloud metadata services
        "fd00:ec2::254/128",            // AWS's metadata service over IPv6
        "224.0.0.0/4", "ff00::/8",      // multicast
        "255.255.255.255/32"}) {
    rules.push_back(known_rule(prefix));
  }
  return rules;
}

std::vector<IpAddress> own_addresses() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(first, &freeifaddrs);
  std::vector<IpAddress> addresses;
  for (const ifaddrs* one = first; one; one = one->ifa_next) {
    if (!one->ifa_addr) continue;
    if (one->ifa_addr->sa_family == AF_INET) {
      sockaddr_in v4{};
      std::memcpy(&v4, one->ifa_addr, sizeof v4);
      addresses.push_back(mapped(v4.sin_addr));
    } else if (one->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 v6{};
      std::memcpy(&v6, one->ifa_addr, sizeof v6);
      addresses.push_back(from_native(v6.sin6_addr));
    }
  }
  return addresses;
}

bool any_matches(const std::vector<AddressRule>& rules, const IpAddress& address,
                 std::uint16_t port) {
  return std::any_of(rules.begin(), rules.end(),
                     [&](const AddressRule& rule) { return rule.matches(address, port); });
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  const std::string literal(text.substr(0, text.find('%')));
  in_addr v4{};
  if (inet_pton(AF_INET, literal.c_str(), &v4) == 1) return mapped(v4);
  in6_addr v6{};
  if (inet_pton(AF_INET6, literal.c_str(), &v6) == 1) return from_native(v6);
  return std::nullopt;
}

bool AddressRule::matches(const IpAddress& address, std::uint16_t port) const {
  if (port < first_port || port > last_port) return false;
  const unsigned whole = bits / 8;
  if (!std::equal(prefix.begin(), prefix.begin() + whole, address.begin())) return false;
  if (bits % 8 == 0) return true;
  const unsigned shift = 8 - bits % 8;
  return prefix[whole] >> shift == address[whole] >> shift;
}

Result<AddressRule> parse_address_rule(std::string_view text) {
  const auto [prefix, ports] = split_ports(text);
  AddressRule rule;
  if (!parse_prefix(prefix, rule) || (!ports.empty() && !parse_ports(ports, rule))) {
    return fail(problem::kFlagInvalid, "reading the address rule \"" + std::string(text) + "\"",
                "it is not ADDRESS[/BITS][:PORT[-PORT]]",
                "write for example 10.0.0.0/8, 10.1.2.3:443 or [fd00::/8]:8000-8999");
  }
  return rule;
}

TargetPolicy::TargetPolicy(Rules rules)
    : rules_(std::move(rules)), refused_by_default_(never_a_service()) {}

void TargetPolicy::refuse_own_ports(const std::vector<std::uint16_t>& ports) {
  for (const IpAddress& address : own_addresses()) {
    for (const std::uint16_t port : ports) {
      refused_by_default_.push_back(
          AddressRule{.prefix = address, .first_port = port, .last_port = port});
    }
  }
}

bool TargetPolicy::permits(const net::HostPort& address) const {
  const auto ip = parse_ip(address.host);
  if (!ip || any_matches(rules_.deny, *ip, address.port)) return false;
  if (any_matches(rules_.allow, *ip, address.port)) return true;
  if (any_matches(refused_by_default_, *ip, address.port)) return false;
  return rules_.allow.empty();
}

}  // namespace ferry::proxy
