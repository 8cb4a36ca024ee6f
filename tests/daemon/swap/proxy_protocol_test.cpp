#include "daemon/proxy_protocol.h"

#include <gtest/gtest.h>

namespace ferry::daemon {
namespace {

// The bytes are those of the specification's section 2.2.
const std::vector<std::uint8_t> kSignature = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D,
                                              0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};

std::vector<std::uint8_t> after_signature(std::vector<std::uint8_t> rest) {
  auto header = kSignature;
  header.insert(header.end(), rest.begin(), rest.end());
  return header;
}

TEST(ProxyProtocolTest, SaysWhereAnIpv4CallerIs) {
  EXPECT_EQ(
      proxy_protocol_header("10.244.0.7:51234", 8081),
      after_signature({0x21, 0x11, 0, 12, 10, 244, 0, 7, 0, 0, 0, 0, 0xC8, 0x22, 0x1F, 0x91}));
}

TEST(ProxyProtocolTest, SaysWhereAnIpv6CallerIs) {
  std::vector<std::uint8_t> rest = {0x21, 0x21, 0, 36, 0xFD};
  rest.insert(rest.end(), 14, 0);
  rest.push_back(1);
  rest.insert(rest.end(), 16, 0);
  rest.insert(rest.end(), {0xC8, 0x22, 0x1F, 0x91});
  EXPECT_EQ(proxy_protocol_header("[fd00::1]:51234", 8081), after_signature(rest));
}

TEST(ProxyProtocolTest, SaysNothingOfACallerThatCannotBeRead) {
  for (const char* caller : {"", "somebody:1", "10.244.0.7", "10.244.0.7:99999", "[::1"}) {
    EXPECT_EQ(proxy_protocol_header(caller, 8081), after_signature({0x20, 0x00, 0, 0})) << caller;
  }
}

}  // namespace
}  // namespace ferry::daemon
