#include "in-cluster-proxy/target_policy.h"

#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>

#include <memory>
#include <string>

namespace ferry::proxy {
namespace {

AddressRule rule(std::string_view text) {
  const auto parsed = parse_address_rule(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed ? *parsed : AddressRule{};
}

TEST(TargetPolicyTest, ReadsRules) {
  EXPECT_EQ(rule("10.0.0.0/8").bits, 104U);
  EXPECT_EQ(rule("10.1.2.3").bits, 128U);
  EXPECT_EQ(rule("fd00::/8").bits, 8U);
  EXPECT_EQ(rule("0.0.0.0/0").bits, 96U);
  EXPECT_EQ(rule("10.0.0.0/8:443").first_port, 443);
  EXPECT_EQ(rule("10.0.0.0/8:443").last_port, 443);
  EXPECT_EQ(rule("[fd00::/8]:8000-8999").last_port, 8999);
  EXPECT_EQ(rule("[fd00::1]").last_port, 65535);
}

TEST(TargetPolicyTest, RefusesWhatIsNoRule) {
  for (const std::string_view text :
       {"", "web", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "fd00::/129", "10.0.0.1:0", "10.0.0.1:",
        "10.0.0.1:9-8", "10.0.0.1:70000", "[fd00::1]443", "[fd00::1", "10.0.0.1:1-", "/8"}) {
    const auto parsed = parse_address_rule(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalid);
    EXPECT_NE(parsed.error().what.find(text), std::string::npos);
  }
}

TEST(TargetPolicyTest, RefusesByDefaultWhatIsNeverAService) {
  const TargetPolicy policy;
  for (const std::string host :
       {"127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", "169.254.169.254", "fe80::1",
        "fe80::1%eth0", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "fd00:ec2::254",
        "not-an-address", ""}) {
    EXPECT_FALSE(policy.permits({host, 80})) << host;
  }
  for (const std::string host : {"10.96.0.1", "192.168.1.1", "8.8.8.8", "fd00::1", "2001:db8::1",
                                 "126.255.255.255", "128.0.0.1", "169.253.0.1"}) {
    EXPECT_TRUE(policy.permits({host, 80})) << host;
  }
}

TEST(TargetPolicyTest, AllowRulesPermitTheseAndNothingElse) {
  const TargetPolicy policy({.allow = {rule("10.0.0.0/9:80"), rule("127.0.0.1")}});
  EXPECT_TRUE(policy.permits({"10.127.255.255", 80}));
  EXPECT_FALSE(policy.permits({"10.128.0.0", 80}));
  EXPECT_FALSE(policy.permits({"10.0.0.1", 81}));
  EXPECT_TRUE(policy.permits({"127.0.0.1", 5432}));
  EXPECT_FALSE(policy.permits({"8.8.8.8", 80}));
}

TEST(TargetPolicyTest, DenyRulesGoFirst) {
  const TargetPolicy policy({.deny = {rule("10.0.0.5")}, .allow = {rule("10.0.0.0/8")}});
  EXPECT_FALSE(policy.permits({"10.0.0.5", 80}));
  EXPECT_FALSE(policy.permits({"::ffff:10.0.0.5", 80}));
  EXPECT_TRUE(policy.permits({"10.0.0.6", 80}));
}

// An address of this machine that is not refused anyway; empty if it has none.
std::string outward_address() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(first, &freeifaddrs);
  for (const ifaddrs* one = first; one; one = one->ifa_next) {
    if (!one->ifa_addr || one->ifa_addr->sa_family != AF_INET) continue;
    char text[NI_MAXHOST];
    getnameinfo(one->ifa_addr, sizeof(sockaddr_in), text, sizeof text, nullptr, 0, NI_NUMERICHOST);
    if (TargetPolicy().permits({text, 80})) return text;
  }
  return {};
}

TEST(TargetPolicyTest, RefusesItsOwnPortsOnItsOwnAddresses) {
  const std::string own = outward_address();
  if (own.empty()) GTEST_SKIP() << "this machine has no address but loopback";
  TargetPolicy policy;
  policy.refuse_own_ports({7443, 7480});
  EXPECT_FALSE(policy.permits({own, 7443}));
  EXPECT_FALSE(policy.permits({own, 7480}));
  EXPECT_TRUE(policy.permits({own, 7444}));
  EXPECT_TRUE(policy.permits({"198.51.100.1", 7443}));
}

}  // namespace
}  // namespace ferry::proxy
