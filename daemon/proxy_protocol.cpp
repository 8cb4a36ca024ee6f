#include "daemon/proxy_protocol.h"

#include <arpa/inet.h>

#include <array>
#include <cstddef>

#include "net/address.h"

namespace ferry::daemon {
namespace {

constexpr std::array<std::uint8_t, 12> kSignature = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D,
                                                     0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};
constexpr std::uint8_t kLocal = 0x20;  // version 2, command LOCAL
constexpr std::uint8_t kProxy = 0x21;  // version 2, command PROXY
constexpr std::uint8_t kUnspecified = 0x00;
constexpr std::uint8_t kTcp4 = 0x11;
constexpr std::uint8_t kTcp6 = 0x21;

void put_u16(std::vector<std::uint8_t>& header, std::size_t number) {
  header.push_back(static_cast<std::uint8_t>(number >> 8U));
  header.push_back(static_cast<std::uint8_t>(number));
}

}  // namespace

std::vector<std::uint8_t> proxy_protocol_header(std::string_view caller, std::uint16_t port) {
  std::vector<std::uint8_t> header(kSignature.begin(), kSignature.end());
  std::array<std::uint8_t, 16> address{};
  const auto source = net::parse_host_port(caller);
  std::size_t size = 0;
  if (source && inet_pton(AF_INET, source->host.c_str(), address.data()) == 1) size = 4;
  if (source && size == 0 && inet_pton(AF_INET6, source->host.c_str(), address.data()) == 1) {
    size = 16;
  }
  if (size == 0) {
    header.insert(header.end(), {kLocal, kUnspecified, 0, 0});
    return header;
  }
  header.insert(header.end(), {kProxy, size == 4 ? kTcp4 : kTcp6});
  put_u16(header, 2 * size + 4);
  header.insert(header.end(), address.begin(), address.begin() + static_cast<std::ptrdiff_t>(size));
  header.insert(header.end(), size, 0);
  put_u16(header, source->port);
  put_u16(header, port);
  return header;
}

}  // namespace ferry::daemon
