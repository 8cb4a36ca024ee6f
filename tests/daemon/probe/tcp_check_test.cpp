#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/probe/probe_runner.h"
#include "tests/kube/test_server.h"

namespace ferry::daemon {
namespace {

using kube::Connection;
using kube::TestServer;

ProbeOutcome run_tcp(std::uint16_t port, const std::string& host = {},
                     const ProbeSurroundings& surroundings = {}) {
  const kube::CancelToken cancel;
  return run_probe({{.timeout = std::chrono::seconds(20)},
                    TcpSocketAction{.host = host, .port = {.number = port}}},
                   surroundings, cancel);
}

std::uint16_t listen_on_ipv6(int descriptor) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(descriptor, generic, size) != 0 || listen(descriptor, 4) != 0) return 0;
  getsockname(descriptor, generic, &size);
  return ntohs(address.sin6_port);
}

// https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#define-a-tcp-liveness-probe
// "If it can establish a connection, the container is considered healthy, if it can't it is
// considered a failure."
TEST(TcpCheckTest, AConnectionIsASuccessWhateverComesOfIt) {
  TestServer server([](Connection&) {});
  EXPECT_EQ(run_tcp(80, {}, {.ports = {{std::uint16_t{80}, server.port()}}}).verdict,
            ProbeVerdict::kSuccess);
  EXPECT_EQ(run_tcp(server.port(), "127.0.0.1").verdict, ProbeVerdict::kSuccess);
}

TEST(TcpCheckTest, ARefusalIsAFailure) {
  std::optional<TestServer> server([](Connection&) {});
  const std::uint16_t port = server->port();
  server.reset();
  const auto outcome = run_tcp(port);
  EXPECT_EQ(outcome.verdict, ProbeVerdict::kFailure);
  EXPECT_EQ(outcome.output,
            "dial tcp localhost:" + std::to_string(port) + ": connect: connection refused");
}

TEST(TcpCheckTest, AProcessThatListensOnIpv6AloneIsFound) {
  const int descriptor = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const std::uint16_t port = listen_on_ipv6(descriptor);
  if (port == 0) {
    close(descriptor);
    GTEST_SKIP() << "no IPv6 here";
  }
  const auto outcome = run_tcp(port);
  EXPECT_EQ(outcome.verdict, ProbeVerdict::kSuccess) << outcome.output;
  close(descriptor);
}

TEST(TcpCheckTest, AHostWithoutAddressIsAFailure) {
  const auto outcome = run_tcp(80, "no-such-host.invalid");
  EXPECT_EQ(outcome.verdict, ProbeVerdict::kFailure);
  EXPECT_THAT(outcome.output, ::testing::HasSubstr("no-such-host.invalid"));
}

}  // namespace
}  // namespace ferry::daemon
