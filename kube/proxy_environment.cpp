#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "kube/text.h"
#include "kube/url.h"

namespace ferry::kube {
namespace {

// An address in network order; IPv4 as 4 bytes, IPv6 as 16.
struct IpAddress {
  std::array<unsigned char, 16> bytes{};
  std::size_t size = 0;
};

std::optional<IpAddress> parse_ip(std::string_view text) {
  const std::string terminated(text);
  IpAddress address;
  if (inet_pton(AF_INET, terminated.c_str(), address.bytes.data()) == 1) {
    address.size = 4;
    return address;
  }
  if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) {
    address.size = 16;
    return address;
  }
  return std::nullopt;
}

bool is_loopback(const IpAddress& address) {
  if (address.size == 4) return address.bytes[0] == 127;
  constexpr std::array<unsigned char, 16> kV6Loopback = {0, 0, 0, 0, 0, 0, 0, 0,
                                                         0, 0, 0, 0, 0, 0, 0, 1};
  return address.bytes == kV6Loopback;
}

bool in_network(const IpAddress& address, std::string_view cidr) {
  const auto slash = cidr.find('/');
  const auto network = parse_ip(cidr.substr(0, slash));
  if (!network || network->size != address.size) return false;
  std::size_t bits = 0;
  const auto length = cidr.substr(slash + 1);
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
  if (error != std::errc{} || bits > address.size * 8) return false;
  for (std::size_t i = 0; i < bits; ++i) {
    const unsigned mask = 0x80U >> (i % 8);
    if (((address.bytes.at(i / 8) ^ network->bytes.at(i / 8)) & mask) != 0) return false;
  }
  return true;
}

// Takes ":port" off the end of "host:port" and "[v6]:port"; a bare IPv6 address has none.
std::string_view take_port(std::string_view& entry) {
  const auto colon = entry.rfind(':');
  if (colon == std::string_view::npos) return {};
  const bool bracketed = colon > 0 && entry[colon - 1] == ']';
  if (!bracketed && entry.find(':') != colon) return {};
  const auto port = entry.substr(colon + 1);
  entry = entry.substr(0, colon);
  return port;
}

bool name_matches(const std::string& host, std::string_view entry) {
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  const std::string pattern = to_lower(entry);
  if (pattern.starts_with('.')) return host.ends_with(pattern);
  return host == pattern || host.ends_with("." + pattern);
}

bool entry_matches(const net::HostPort& server, std::string_view entry) {
  if (entry == "*") return true;
  const auto address = parse_ip(server.host);
  if (entry.find('/') != std::string_view::npos) return address && in_network(*address, entry);
  const auto port = take_port(entry);
  if (!port.empty() && port != std::to_string(server.port)) return false;
  if (entry.starts_with('[') && entry.ends_with(']')) entry = entry.substr(1, entry.size() - 2);
  if (const auto wanted = parse_ip(entry)) {
    return address && address->size == wanted->size && address->bytes == wanted->bytes;
  }
  return !address && name_matches(to_lower(server.host), entry);
}

bool excluded(const net::HostPort& server, const std::string& no_proxy) {
  if (server.host == "localhost") return true;
  if (const auto address = parse_ip(server.host); address && is_loopback(*address)) return true;
  const auto entries = split(no_proxy, ',');
  return std::any_of(entries.begin(), entries.end(), [&](std::string_view entry) {
    entry = trim(entry);
    return !entry.empty() && entry_matches(server, entry);
  });
}

// The first of the two that is set, and its value.
std::pair<std::string, std::string> set_variable(const Environment& environment,
                                                 const std::string& name) {
  for (const auto& candidate : {name, to_lower(name)}) {
    const auto found = environment.find(candidate);
    if (found != environment.end() && !found->second.empty()) return {candidate, found->second};
  }
  return {};
}

}  // namespace

Result<std::optional<ProxyUrl>> proxy_from_environment(const Environment& environment,
                                                       const ServerUrl& server) {
  const auto [name, value] = set_variable(environment, server.tls ? "HTTPS_PROXY" : "HTTP_PROXY");
  if (value.empty()) return std::nullopt;
  if (excluded(server.address, set_variable(environment, "NO_PROXY").second)) return std::nullopt;
  auto proxy = parse_proxy_url(value);
  if (!proxy) {
    Error error = proxy.error();
    error.what = "reading the proxy from " + name;
    return fail(std::move(error));
  }
  return *proxy;
}

}  // namespace ferry::kube
