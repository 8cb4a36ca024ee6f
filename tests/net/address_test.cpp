#include "net/address.h"

#include <gtest/gtest.h>

namespace ferry::net {
namespace {

TEST(AddressTest, ReadsBackWhatItWrites) {
  for (const HostPort& address : {HostPort{"127.0.0.1", 80}, HostPort{"::1", 65535},
                                  HostPort{"web.default.svc", 1}, HostPort{"127.0.0.1", 0}}) {
    const auto parsed = parse_host_port(to_string(address));
    ASSERT_TRUE(parsed) << to_string(address);
    EXPECT_EQ(*parsed, address);
  }
  EXPECT_EQ(to_string(HostPort{"::1", 80}), "[::1]:80");
}

TEST(AddressTest, RefusesWhatIsNotHostAndPort) {
  for (const char* text : {"", "host", ":80", "host:", "host:x", "host:80x", "host:-1",
                           "host:65536", "::1:80", "[::1]", "[::1]80", "[::1:80", "[host]:80",
                           "[127.0.0.1]:80", "[]:80", "a b:80", "h\n:80", "a/b:80"}) {
    const auto parsed = parse_host_port(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalid);
    EXPECT_FALSE(parsed.error().why.empty());
    EXPECT_FALSE(parsed.error().fix.empty());
  }
}

}  // namespace
}  // namespace ferry::net
