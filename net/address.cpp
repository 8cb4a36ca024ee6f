#include "net/address.h"

#include <charconv>
#include <utility>

#include "net/problems.h"
#include "net/socket_address.h"

namespace ferry::net {
namespace {

tl::unexpected<Error> bad(std::string_view text, std::string why) {
  return fail(problem::kAddressInvalid, "reading the address '" + std::string(text) + "'",
              std::move(why), "write host:port, or [address]:port for IPv6");
}

}  // namespace

std::string to_string(const HostPort& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + address.host + "]" : address.host;
  return host + ":" + std::to_string(address.port);
}

Result<HostPort> parse_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad(text, "it has no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);

  HostPort address;
  const char* const end = port_text.data() + port_text.size();
  const auto [stop, error] = std::from_chars(port_text.data(), end, address.port);
  if (error != std::errc{} || stop != end) return bad(text, "a port is a number from 0 to 65535");

  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  address.host = std::string(host);
  if (host.empty()) return bad(text, "it has no host");
  const bool has_colon = host.find(':') != std::string_view::npos;
  if (has_colon && !bracketed) return bad(text, "an IPv6 address needs brackets");
  if (bracketed && (!has_colon || !SocketAddress::from_literal(address.host, 0))) {
    return bad(text, "what stands in brackets is not an IPv6 address");
  }
  if (host.find_first_of("[] \t\r\n/") != std::string_view::npos ||
      host.find('\0') != std::string_view::npos) {
    return bad(text, "the host holds a character that no name has");
  }
  return address;
}

}  // namespace ferry::net
