// What the tunnels of a daemon share: real proxies, everything on one loop.
#include "daemon/tunnel_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "daemon/proxy_at.h"
#include "tests/daemon/temporary_directory.h"
#include "tests/daemon/test_proxy.h"
#include "tests/fakes/echo_server.h"
#include "tests/fakes/tcp_relay.h"
#include "tests/net/harness.h"

namespace ferry::daemon {
namespace {

class TunnelPoolTest : public ::testing::Test, public TunnelEvents, public ConnectionObserver {
 protected:
  TunnelPoolTest() {
    credentials_.write(directory_.path());
    auto made = proxy::Proxy::create(*loop_, testing::proxy_config(credentials_, 0), [] {});
    EXPECT_TRUE(made.has_value()) << made.error().summary();
    proxy_ = std::move(*made);
  }

  Tunnel& tunnel(const std::string& key) { return tunnel(key, pool_, proxy_->tunnel_address()); }
  Tunnel& tunnel(const std::string& key, TunnelPool& pool, const net::HostPort& address) {
    TunnelEvents& events = *this;
    Tunnel& made = pool.acquire(
        key,
        [&] { return std::make_unique<ProxyAt>(*loop_, to_string(address), directory_.path()); },
        control::TunnelStatus{}, events);
    EXPECT_TRUE(loop_.run_until([&] { return made.ready(); }));
    return made;
  }
  // Whether it is carried.
  bool connect(Tunnel& tunnel) {
    auto pair = net::testing::connect_tcp(loop_);
    clients_.push_back(std::move(pair.client));
    const std::size_t before = connected_ + ends_.size();
    tunnel.carry({"127.0.0.1", echo_.address().port}, std::move(pair.server), 0, *this);
    EXPECT_TRUE(loop_.run_until([&] { return connected_ + ends_.size() > before; }));
    return ends_.empty();
  }

  // Tunnels with a connection each, whose network then goes away.
  std::vector<Tunnel*> lost_tunnels(TunnelPool& pool, std::size_t count) {
    auto relay = std::make_unique<testing::TcpRelay>(*loop_, proxy_->tunnel_address());
    std::vector<Tunnel*> lost;
    for (std::size_t i = 0; i < count; ++i) {
      lost.push_back(&tunnel("key " + std::to_string(i), pool, relay->address()));
      EXPECT_TRUE(connect(*lost.back()));
    }
    relay.reset();
    const auto ready = [](const Tunnel* one) { return one->ready(); };
    EXPECT_TRUE(loop_.run_until([&] { return std::none_of(lost.begin(), lost.end(), ready); }));
    return lost;
  }
  // Its link is ended: the proxy has to be told that the connection is, too.
  void leave(TunnelPool& pool, Tunnel& tunnel) {
    tunnel.forget(*this);
    pool.release(tunnel, *this);
  }
  // For what nobody is told.
  bool look_until(const std::function<bool()>& condition) {
    net::Timer look(*loop_, [&] {
      loop_.poke();
      look.start(std::chrono::milliseconds(1));
    });
    look.start(std::chrono::milliseconds(1));
    return loop_.run_until(condition);
  }
  void note_closed(const control::TunnelStatus& status) {
    if (status.state == control::TunnelState::kClosed) closed_.push_back(status.id);
  }

  void on_tunnel_changed() override { loop_.poke(); }
  void on_tunnel_progress(const std::string&) override {}
  void on_connected(std::size_t) override {
    ++connected_;
    loop_.poke();
  }
  void on_ended(std::size_t, const ConnectionEnd& end) override {
    ends_.push_back(end);
    loop_.poke();
  }

  net::testing::TestLoop loop_;
  const testing::TemporaryDirectory directory_;
  const testing::TunnelCertificates credentials_;
  testing::EchoServer echo_{*loop_, "echo:"};
  std::unique_ptr<proxy::Proxy> proxy_;
  std::size_t connected_ = 0;
  std::vector<ConnectionEnd> ends_;
  std::vector<std::unique_ptr<net::ByteStream>> clients_;
  std::vector<std::string> closed_;
  TunnelPool pool_{*loop_, TunnelOptions{}, TunnelMemory{.streams = std::size_t{3} * 4096},
                   [](const control::TunnelStatus&) {}};
};

TEST_F(TunnelPoolTest, AllTunnelsTogetherTakeNoMoreConnectionsThanTheirMemoryIsFor) {
  Tunnel& one = tunnel("one");
  Tunnel& other = tunnel("other");
  EXPECT_TRUE(connect(one));
  EXPECT_TRUE(connect(one));
  EXPECT_TRUE(connect(other));
  EXPECT_FALSE(connect(other));
  ASSERT_TRUE(ends_.at(0).error.has_value());
  EXPECT_EQ(ends_.at(0).error->id, "tunnel.full");
  // What one gives back, another may have.
  ends_.clear();
  one.forget(*this);
  EXPECT_TRUE(connect(other));
}

TEST_F(TunnelPoolTest, OfTheTunnelsThatAreLeavingAndFindNoProxyTheOldestGoesWhenThereAreTooMany) {
  constexpr std::size_t kMany = 17;
  TunnelPool pool{*loop_, TunnelOptions{}, TunnelMemory{},
                  [this](const auto& status) { note_closed(status); }};
  const auto tunnels = lost_tunnels(pool, kMany);
  for (std::size_t i = 0; i + 1 < kMany; ++i) {
    leave(pool, *tunnels[i]);
    ASSERT_TRUE(look_until([&] { return tunnels[i]->leaving(); }));
  }
  EXPECT_TRUE(closed_.empty());
  leave(pool, *tunnels.back());
  ASSERT_TRUE(look_until([&] { return tunnels.back()->leaving(); }));
  EXPECT_EQ(closed_, std::vector<std::string>{"t1"});
}

TEST_F(TunnelPoolTest, ATunnelThatIsLeavingLooksForItsProxySoLongAndThenGoes) {
  TunnelOptions options;
  options.longest_goodbye = std::chrono::seconds(1);
  TunnelPool pool{*loop_, options, TunnelMemory{},
                  [this](const auto& status) { note_closed(status); }};
  Tunnel& tunnel = *lost_tunnels(pool, 1).front();
  leave(pool, tunnel);
  ASSERT_TRUE(look_until([&] { return tunnel.leaving(); }));
  EXPECT_TRUE(closed_.empty());
  EXPECT_TRUE(look_until([&] { return !closed_.empty(); }));
}

}  // namespace
}  // namespace ferry::daemon
