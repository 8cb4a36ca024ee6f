// What the tunnels of a daemon share: real proxies, everything on one loop.
#include "daemon/tunnel_pool.h"

#include <gtest/gtest.h>

#include <vector>

#include "daemon/proxy_at.h"
#include "tests/daemon/temporary_directory.h"
#include "tests/daemon/test_proxy.h"
#include "tests/fakes/echo_server.h"
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

  Tunnel& tunnel(const std::string& key) {
    TunnelEvents& events = *this;
    Tunnel& made = pool_.acquire(
        key,
        [this] {
          return std::make_unique<ProxyAt>(*loop_, to_string(proxy_->tunnel_address()),
                                           directory_.path());
        },
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

}  // namespace
}  // namespace ferry::daemon
