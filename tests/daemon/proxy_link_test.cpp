// Links through a tunnel to a real ferry-proxy, over plain TCP that the test can cut.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "daemon/proxy_at.h"
#include "tests/daemon/client.h"
#include "tests/daemon/house.h"
#include "tests/daemon/objects.h"
#include "tests/daemon/test_proxy.h"
#include "tests/fakes/echo_server.h"
#include "tests/fakes/tcp_relay.h"

namespace ferry::daemon {
namespace {

using control::EventKind;
using control::LinkState;
using control::TunnelState;
using ::testing::HasSubstr;

// Goes to wherever the test says at the moment, or fails as the test says.
class MovingProxy final : public CarrierSource {
 public:
  struct Place {
    std::string address;
    std::optional<Error> error;
    int abandoned = 0;
  };
  MovingProxy(net::Loop& loop, Place& place, std::string credentials)
      : loop_(loop), place_(place), credentials_(std::move(credentials)) {}

  void connect(Callback callback, Progress progress) override {
    if (place_.error) {
      loop_.post([callback, error = *place_.error] { callback(fail(error)); });
      return;
    }
    attempt_ = std::make_unique<ProxyAt>(loop_, place_.address, credentials_);
    attempt_->connect(std::move(callback), std::move(progress));
  }
  std::unique_ptr<CarrierSource> abandon() override {
    ++place_.abandoned;
    return std::make_unique<ProxyAt>(loop_, place_.address, credentials_);
  }

 private:
  net::Loop& loop_;
  Place& place_;
  const std::string credentials_;
  std::unique_ptr<ProxyAt> attempt_;
};

class ProxyLinkTest : public testing::House {
 protected:
  ProxyLinkTest() {
    credentials_.write(directory_.path());
    run([this] {
      echo_ = std::make_unique<testing::EchoServer>(loop(), "echo:");
      proxy_ = start_proxy(0);
      relay_ = std::make_unique<testing::TcpRelay>(loop(), proxy_->tunnel_address());
      place_.address = to_string(proxy_->tunnel_address());
    });
    backend().proxy_at_address = [this](const std::string& address, const std::string& directory) {
      return std::make_unique<ProxyAt>(loop(), address, directory);
    };
  }
  ~ProxyLinkTest() override {
    end_daemon();
    run([this] {
      relay_.reset();
      proxy_.reset();
      second_.reset();
      echo_.reset();
    });
  }

  std::unique_ptr<proxy::Proxy> start_proxy(std::uint16_t port) {
    auto made = proxy::Proxy::create(loop(), testing::proxy_config(credentials_, port), [] {});
    EXPECT_TRUE(made.has_value()) << made.error().summary();
    return std::move(*made);
  }
  void use_cluster_proxy() {
    backend().proxy = [this] {
      return std::make_unique<MovingProxy>(loop(), place_, directory_.path());
    };
  }

  control::LinkSpec to_port(std::uint16_t port) {
    return {.target = {control::TargetKind::kHost, "127.0.0.1"},
            .ports = {{.remote = {.number = port}}},
            .route = control::Route::kAddr,
            .proxy_addr = to_string(relay_->address()),
            .proxy_credentials = directory_.path()};
  }
  control::LinkSpec to_echo() { return to_port(echo_->address().port); }
  control::LinkSpec to_echo_in_cluster(control::Route route) {
    auto spec = to_echo();
    spec.route = route;
    spec.proxy_addr.clear();
    spec.proxy_credentials.clear();
    return spec;
  }
  std::uint16_t active_port(const control::LinkStatus& link) {
    return events().wait_for_state(link.id, LinkState::kActive).ports.at(0).local;
  }
  control::TunnelStatus wait_for_tunnel(TunnelState state) {
    const auto event = events().wait_for(
        [&](const control::Event& seen) { return seen.tunnel && seen.tunnel->state == state; });
    return event.tunnel.value_or(control::TunnelStatus{});
  }

  // Until the tunnel knows; its port.
  std::uint16_t take_relay_away() {
    const auto port = run([this] { return std::exchange(relay_, nullptr)->address().port; });
    wait_for_tunnel(TunnelState::kLost);
    return port;
  }
  void bring_relay_back(std::uint16_t port, const proxy::Proxy& to) {
    run([&] { relay_ = std::make_unique<testing::TcpRelay>(loop(), to.tunnel_address(), port); });
  }

  const testing::TemporaryDirectory directory_;
  const testing::TunnelCertificates credentials_;
  MovingProxy::Place place_;
  std::unique_ptr<testing::EchoServer> echo_;
  std::unique_ptr<proxy::Proxy> proxy_;
  std::unique_ptr<proxy::Proxy> second_;
  std::unique_ptr<testing::TcpRelay> relay_;
};

TEST_F(ProxyLinkTest, ConnectionsGoThroughTheProxy) {
  const auto port = active_port(add(to_echo()));
  testing::Client client(port);
  client.send("hello");
  EXPECT_EQ(client.receive(10), "echo:hello");
  const auto status = daemon().status();
  ASSERT_EQ(status.tunnels.size(), 1U);
  EXPECT_EQ(status.tunnels[0].state, TunnelState::kReady);
  EXPECT_EQ(status.links[0].tunnel, status.tunnels[0].id);
  EXPECT_EQ(status.links[0].traffic.bytes_received, 10U);
}

TEST_F(ProxyLinkTest, AHalfClosedClientStillGetsItsAnswer) {
  testing::Client client(active_port(add(to_echo())));
  client.send("question");
  client.finish();
  EXPECT_EQ(client.receive_all(), "echo:question");
  EXPECT_FALSE(client.was_reset());
}

TEST_F(ProxyLinkTest, ConnectionsSurviveACutTunnel) {
  testing::Client client(active_port(add(to_echo())));
  EXPECT_EQ(client.receive(5), "echo:");
  for (int cuts = 1; cuts <= 3; ++cuts) {
    run([this] { relay_->cut(); });
    client.send("again");
    EXPECT_EQ(client.receive(5), "again");
  }
  EXPECT_EQ(daemon().status().tunnels.at(0).reconnects, 3U);
}

TEST_F(ProxyLinkTest, NoByteIsLostOrDoubledInATransferThatIsCut) {
  testing::Client client(active_port(add(to_echo())));
  EXPECT_EQ(client.receive(5), "echo:");
  std::string sent;
  for (int i = 0; i < 200000; ++i) sent += std::to_string(i) + ",";
  std::thread sender([&] {
    client.send(sent);
    client.finish();
  });
  std::string received = client.receive(sent.size() / 3);
  run([this] { relay_->cut(); });
  received += client.receive_all();
  sender.join();
  EXPECT_TRUE(received == sent) << received.size() << " of " << sent.size() << " bytes came";
}

TEST_F(ProxyLinkTest, WhenTheProxyProcessIsGoneItsConnectionsAreResetAndLinksGoOn) {
  const auto link = add(to_echo());
  testing::Client client(active_port(link));
  EXPECT_EQ(client.receive(5), "echo:");
  const auto port = run([this] {
    const auto address = proxy_->tunnel_address();
    proxy_.reset();
    relay_->cut();
    return address.port;
  });
  const auto waiting = events().wait_for_state(link.id, LinkState::kWaiting);
  EXPECT_THAT(waiting.reason, HasSubstr("reconnecting to"));
  run([&] { proxy_ = start_proxy(port); });
  const auto active = events().wait_for_state(link.id, LinkState::kActive);
  client.receive_all();
  EXPECT_TRUE(client.was_reset());
  EXPECT_EQ(testing::Client(active.ports[0].local).receive(5), "echo:");
}

TEST_F(ProxyLinkTest, ATargetWhereNobodyListensIsSaidAndLookedAtAgain) {
  const auto port = run([this] {
    const auto address = echo_->address();
    echo_->close();
    return address.port;
  });
  const auto link = add(to_port(port));
  const auto waiting = events().wait_for_state(link.id, LinkState::kWaiting);
  EXPECT_THAT(waiting.reason, HasSubstr("refused"));
  ASSERT_TRUE(waiting.last_error);
  EXPECT_FALSE(waiting.last_error->fix.empty());
  testing::Client client(waiting.ports[0].local);
  client.receive_all();
  EXPECT_TRUE(client.was_reset());
  auto listener = run([&] {
    return net::Listener::create(loop(), {"127.0.0.1", port},
                                 [](std::unique_ptr<net::ByteStream>, net::HostPort) {});
  });
  events().wait_for_state(link.id, LinkState::kActive);
  run([&] { listener->reset(); });
}

TEST_F(ProxyLinkTest, LinksToTheSameProxyShareOneTunnel) {
  const auto first = add(to_echo());
  const auto second = add(to_echo());
  active_port(first);
  const auto port = active_port(second);
  EXPECT_EQ(daemon().status().tunnels.size(), 1U);
  ASSERT_TRUE(daemon().remove_link(first.id));
  EXPECT_EQ(testing::Client(port).receive(5), "echo:");
  ASSERT_TRUE(daemon().remove_link(second.id));
  EXPECT_TRUE(daemon().status().tunnels.empty());
}

TEST_F(ProxyLinkTest, TheProxyHearsThatAnEndedLinksConnectionsAreGone) {
  const auto link = add(to_echo());
  testing::Client client(active_port(link));
  EXPECT_EQ(client.receive(5), "echo:");
  const auto streams = [this] { return run([this] { return proxy_->sessions().live_streams(); }); };
  EXPECT_EQ(streams(), 1U);
  ASSERT_TRUE(daemon().remove_link(link.id));
  // By the reset of the stream, that is: while the session is still attached.
  while (streams() != 0) std::this_thread::yield();
  EXPECT_EQ(run([this] { return proxy_->sessions().attached(); }), 1U);
  wait_for_tunnel(TunnelState::kClosed);
}

TEST_F(ProxyLinkTest, TheProxyHearsOfALinkThatEndedWhileTheTunnelWasLost) {
  const auto link = add(to_echo());
  testing::Client client(active_port(link));
  EXPECT_EQ(client.receive(5), "echo:");
  const auto streams = [this] { return run([this] { return proxy_->sessions().streams(); }); };
  EXPECT_EQ(streams(), 1U);
  const auto port = take_relay_away();
  ASSERT_TRUE(daemon().remove_link(link.id));
  EXPECT_TRUE(daemon().status().tunnels.empty());
  EXPECT_EQ(streams(), 1U);
  bring_relay_back(port, *proxy_);
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (streams() != 0 && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
  EXPECT_EQ(streams(), 0U);
  wait_for_tunnel(TunnelState::kClosed);
}

// Not for the link's sake: nobody is there to use it.
TEST_F(ProxyLinkTest, ATunnelThatOnlyHasToSayGoodbyeTakesNoOtherProxy) {
  const auto link = add(to_echo());
  testing::Client client(active_port(link));
  EXPECT_EQ(client.receive(5), "echo:");
  const auto port = take_relay_away();
  ASSERT_TRUE(daemon().remove_link(link.id));
  run([this] { second_ = start_proxy(0); });
  bring_relay_back(port, *second_);
  wait_for_tunnel(TunnelState::kClosed);
  EXPECT_EQ(run([this] { return second_->sessions().size(); }), 0U);
}

TEST_F(ProxyLinkTest, ALinkThatComesBackWhileItsTunnelTakesItsLeaveHasOneOfItsOwn) {
  const auto link = add(to_echo());
  testing::Client client(active_port(link));
  EXPECT_EQ(client.receive(5), "echo:");
  const auto port = take_relay_away();
  ASSERT_TRUE(daemon().remove_link(link.id));
  bring_relay_back(port, *proxy_);
  EXPECT_EQ(testing::Client(active_port(add(to_echo()))).receive(5), "echo:");
}

TEST_F(ProxyLinkTest, ACertificateOfAnotherInstallationIsRefused) {
  const testing::TemporaryDirectory other;
  testing::TunnelCertificates().write(other.path());
  auto spec = to_echo();
  spec.proxy_credentials = other.path();
  const auto ended = add_and_wait_for_end(spec);
  ASSERT_TRUE(ended.error);
  EXPECT_EQ(ended.error->code, ErrorCode::kUnauthenticated);
  EXPECT_FALSE(ended.error->fix.empty());
}

TEST_F(ProxyLinkTest, AnAddressWithoutAProxyFailsANewLink) {
  auto spec = to_echo();
  spec.proxy_addr = "127.0.0.1:1";
  const auto ended = add_and_wait_for_end(spec);
  ASSERT_TRUE(ended.error);
  EXPECT_EQ(ended.error->code, ErrorCode::kUnreachable);
}

TEST_F(ProxyLinkTest, ATargetThatTheProxysPolicyForbidsFailsANewLink) {
  auto spec = to_echo();
  spec.target.name = "169.254.169.254";
  const auto ended = add_and_wait_for_end(spec);
  ASSERT_TRUE(ended.error);
  EXPECT_EQ(ended.error->code, ErrorCode::kForbidden);
  EXPECT_TRUE(daemon().links().empty());
}

TEST_F(ProxyLinkTest, MissingCredentialsFailANewLink) {
  auto spec = to_echo();
  spec.proxy_credentials = "/nonexistent";
  const auto ended = add_and_wait_for_end(spec);
  ASSERT_TRUE(ended.error);
  EXPECT_EQ(ended.error->code, ErrorCode::kIo);
  EXPECT_THAT(ended.error->what, HasSubstr("/nonexistent/ca.crt"));
}

TEST_F(ProxyLinkTest, AWorkloadIsReachedByTheAddressesOfItsReadyPods) {
  use_cluster_proxy();
  api().put(kube::kDeployments, "default", testing::make_deployment("web"));
  auto pod = testing::make_pod("web-1", "web", true);
  pod["status"]["podIP"] = "127.0.0.1";
  api().put(kube::kPods, "default", pod);
  auto spec = to_echo_in_cluster(control::Route::kAuto);
  spec.target = {control::TargetKind::kDeployment, "web"};
  const auto link = add(spec);
  const auto port = active_port(link);
  EXPECT_EQ(testing::Client(port).receive(5), "echo:");
  api().erase(kube::kPods, "default", "web-1");
  const auto waiting = events().wait_for_state(link.id, LinkState::kWaiting);
  EXPECT_THAT(waiting.reason, HasSubstr("no pod matches app=web"));
}

TEST_F(ProxyLinkTest, AProxyThatShutsDownKeepsItsConnectionsWhileNewOnesGoToTheNext) {
  use_cluster_proxy();
  const auto port = active_port(add(to_echo_in_cluster(control::Route::kProxy)));
  testing::Client old(port);
  EXPECT_EQ(old.receive(5), "echo:");
  run([this] {
    second_ = start_proxy(0);
    place_.address = to_string(second_->tunnel_address());
    proxy_->drain();
  });
  wait_for_tunnel(TunnelState::kLost);
  wait_for_tunnel(TunnelState::kReady);
  EXPECT_EQ(run([this] { return place_.abandoned; }), 1);
  testing::Client fresh(port);
  EXPECT_EQ(fresh.receive(5), "echo:");
  old.send("still");
  EXPECT_EQ(old.receive(5), "still");
}

TEST_F(ProxyLinkTest, WhereTheProxyMayNotBeMadeTheDirectRouteIsTakenAndSaid) {
  use_cluster_proxy();
  place_.error = Error{ErrorCode::kForbidden, "creating a Job", "jobs.batch is forbidden", {}};
  api().put(kube::kServices, "default", testing::make_service("web", 80, "http"));
  api().put(kube::kEndpointSlices, "default", testing::make_slice("web", 8080, {"web-1"}));
  run([this] { backend().pods["web-1"] = echo_->address(); });
  control::LinkSpec spec{.target = {control::TargetKind::kService, "web"},
                         .ports = {{.remote = {.number = 80}}}};
  const auto link = add(spec);
  const auto notice =
      events().wait_for([](const auto& event) { return event.kind == EventKind::kNotice; });
  EXPECT_THAT(notice.message, HasSubstr("jobs.batch is forbidden"));
  const auto status = events().wait_for_state(link.id, LinkState::kActive);
  EXPECT_EQ(status.route, control::Route::kDirect);
  EXPECT_EQ(testing::Client(status.ports[0].local).receive(5), "echo:");
  EXPECT_TRUE(daemon().status().tunnels.empty());
}

TEST_F(ProxyLinkTest, AWayThatIsCutOffHalfWayAtFirstIsTriedAgain) {
  use_cluster_proxy();
  place_.error = Error{ErrorCode::kReset, "port-forwarding", "connection reset by peer", {}};
  const auto link = add(to_echo_in_cluster(control::Route::kProxy));
  const auto notice =
      events().wait_for([](const auto& event) { return event.kind == EventKind::kNotice; });
  EXPECT_THAT(notice.message, HasSubstr("connection reset by peer; trying again"));
  run([this] { place_.error.reset(); });
  EXPECT_EQ(testing::Client(active_port(link)).receive(5), "echo:");
}

TEST_F(ProxyLinkTest, ARouteThatWasInsistedOnIsNotReplaced) {
  use_cluster_proxy();
  place_.error = Error{ErrorCode::kForbidden, "creating a Job", "jobs.batch is forbidden", {}};
  const auto ended = add_and_wait_for_end(to_echo_in_cluster(control::Route::kProxy));
  ASSERT_TRUE(ended.error);
  EXPECT_EQ(ended.error->code, ErrorCode::kForbidden);
}

TEST_F(ProxyLinkTest, ConnectionsThatComeWhileTheProxyIsAwayAreServedWhenItIsBack) {
  use_cluster_proxy();
  const auto link = add(to_echo_in_cluster(control::Route::kProxy));
  const auto port = active_port(link);
  run([this] {
    place_.error = Error{ErrorCode::kGone, "reaching the proxy", "the pod is gone", {}};
    proxy_.reset();
  });
  events().wait_for_state(link.id, LinkState::kWaiting);
  testing::Client client(port);
  client.send("early");
  run([this] {
    second_ = start_proxy(0);
    place_ = {.address = to_string(second_->tunnel_address())};
  });
  EXPECT_EQ(client.receive(10), "echo:early");
}

}  // namespace
}  // namespace ferry::daemon
