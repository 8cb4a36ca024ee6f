#include <gmock/gmock.h>

#include "kube/url.h"

namespace ferry::kube {
namespace {

// The address of the proxy for a server, or "direct".
std::string proxy_for(const std::string& server, const Environment& environment) {
  const auto url = parse_server_url(server, true);
  const auto proxy = proxy_from_environment(environment, *url);
  if (!proxy) return proxy.error().what;
  return *proxy ? to_string(**proxy) : "direct";
}

std::string with_exceptions(const std::string& no_proxy, const std::string& server) {
  return proxy_for(server, {{"HTTPS_PROXY", "http://proxy:3128"}, {"NO_PROXY", no_proxy}});
}

constexpr const char* kProxied = "http://proxy:3128";

TEST(ProxyEnvironmentTest, TheVariableForTheServersSchemeCounts) {
  const Environment both = {{"HTTPS_PROXY", "http://s:1"}, {"HTTP_PROXY", "http://p:1"}};
  EXPECT_EQ(proxy_for("https://api.example", both), "http://s:1");
  EXPECT_EQ(proxy_for("http://api.example", both), "http://p:1");
  EXPECT_EQ(proxy_for("https://api.example", {}), "direct");
}

TEST(ProxyEnvironmentTest, LowerCaseNamesCountToo) {
  EXPECT_EQ(proxy_for("https://api.example", {{"https_proxy", "socks5://s"}}), "socks5://s:1080");
}

TEST(ProxyEnvironmentTest, AProxyWithoutASchemeIsHttp) {
  EXPECT_EQ(proxy_for("https://api.example", {{"HTTPS_PROXY", "proxy:3128"}}), kProxied);
}

TEST(ProxyEnvironmentTest, LoopbackNeverGoesThroughAProxy) {
  for (const auto* server : {"https://127.0.0.1:6443", "https://localhost", "https://[::1]:6443"}) {
    EXPECT_EQ(with_exceptions("", server), "direct") << server;
  }
}

TEST(ProxyEnvironmentTest, ExceptionsAreNamesAndTheirSubdomains) {
  EXPECT_EQ(with_exceptions("example.com", "https://example.com"), "direct");
  EXPECT_EQ(with_exceptions("a.org, Example.COM", "https://api.example.com"), "direct");
  EXPECT_EQ(with_exceptions("example.com", "https://badexample.com"), kProxied);
  EXPECT_EQ(with_exceptions(".example.com", "https://example.com"), kProxied);
  EXPECT_EQ(with_exceptions("*.example.com", "https://api.example.com"), "direct");
  EXPECT_EQ(with_exceptions("*", "https://anything"), "direct");
}

TEST(ProxyEnvironmentTest, ExceptionsAreAddressesAndNetworks) {
  EXPECT_EQ(with_exceptions("10.0.0.0/8", "https://10.1.2.3:6443"), "direct");
  EXPECT_EQ(with_exceptions("10.0.0.0/15", "https://10.2.0.1"), kProxied);
  EXPECT_EQ(with_exceptions("10.1.2.3", "https://10.1.2.3"), "direct");
  EXPECT_EQ(with_exceptions("fd00::/8", "https://[fd12::1]"), "direct");
  EXPECT_EQ(with_exceptions("[fd12::1]:6443", "https://[fd12::1]:6443"), "direct");
  EXPECT_EQ(with_exceptions("10.0.0.0/99", "https://10.1.2.3"), kProxied);
}

TEST(ProxyEnvironmentTest, AnExceptionMayNameAPort) {
  EXPECT_EQ(with_exceptions("example.com:6443", "https://example.com:6443"), "direct");
  EXPECT_EQ(with_exceptions("example.com:6443", "https://example.com"), kProxied);
}

TEST(ProxyEnvironmentTest, AProxyThatIsNoUrlNamesItsVariable) {
  EXPECT_EQ(proxy_for("https://api.example", {{"https_proxy", "ftp://x"}}),
            "reading the proxy from https_proxy");
}

}  // namespace
}  // namespace ferry::kube
