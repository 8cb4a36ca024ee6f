// A swap's data plane end to end: a caller in the cluster, a stand-in's proxy, a tunnel that the
// test can cut, and a local process.
#include "daemon/swap/local_ports.h"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "daemon/proxy_at.h"
#include "daemon/swap/environment.h"
#include "tests/daemon/temporary_directory.h"
#include "tests/in-cluster-proxy/harness.h"

namespace ferry::daemon {
namespace {

using proxy::testing::Service;
using proxy::testing::Socket;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using tunnel::testing::noise;

class SwapWorld final : public proxy::testing::World,
                        private TunnelEvents,
                        private LocalPortsEvents {
 public:
  static proxy::Config config(std::uint16_t port = 0) {
    proxy::Config config = World::config();
    config.listen.port = port;
    config.stand_in = proxy::StandInConfig{.id = "a1b2",
                                           .drain_accept = milliseconds(100),
                                           .link_addresses = {"127.0.0.1"},
                                           .poll_files = milliseconds(5),
                                           .environment = {"A=1"}};
    return config;
  }

  SwapWorld() : World(config()) {
    const auto& made = proxy::testing::certificates();
    const std::filesystem::path dir = directory_.path();
    std::ofstream(dir / "ca.crt") << made.ca_pem;
    std::ofstream(dir / "tls.crt") << made.client.certificate_pem;
    std::ofstream(dir / "tls.key") << made.client.key_pem;
    TunnelOptions tunnel_options;
    tunnel_options.first_backoff = milliseconds(5);
    TunnelEvents& events = *this;
    tunnel.emplace(*loop, tunnel_options,
                   std::make_unique<ProxyAt>(*loop, to_string(relay->address()), dir.string()),
                   control::TunnelStatus{}, events);
    tunnel->start();
  }

  // The local process is on `local`'s port, unless a test closed it.
  void expose() {
    LocalPortsEvents& events = *this;
    ports.emplace(*loop, *tunnel, std::vector<LocalPorts::Port>{{remote, local_port}},
                  proxy_protocol, events);
  }
  void expose_and_wait() {
    expose();
    ASSERT_TRUE(wait_listening());
  }
  // Until callers are taken.
  bool wait_listening() {
    return wait([this] { return tunnel->ready() && ports->all_open(); }) && call_until(true);
  }
  bool call_until(bool taken) {
    const TimePoint deadline = loop->now() + std::chrono::seconds(20);
    for (;;) {
      const auto caller = call();
      if (caller) caller->stream->reset();
      if ((caller != nullptr) == taken) return true;
      if (loop->now() > deadline) return false;
    }
  }
  bool wait(const std::function<bool()>& condition) {
    run_until(condition);
    return condition();
  }
  // When expose_and_wait()'s own have been counted, and are gone.
  std::uint64_t past_callers() {
    const auto counted = [this] {
      return ports->traffic().total_connections > 0 && ports->traffic().open_connections == 0;
    };
    EXPECT_TRUE(wait(counted));
    return ports->traffic().total_connections;
  }
  void reopen() { local.emplace(loop, local_port); }

  // None: refused.
  std::unique_ptr<Socket> call() {
    auto socket = std::make_unique<Socket>(loop);
    bool refused = false;
    net::Dial dial(*loop, {"127.0.0.1", remote}, {}, [&](auto stream) {
      refused = !stream;
      if (stream) socket->stream = std::move(*stream);
      loop.poke();
    });
    EXPECT_TRUE(loop.run_until([&] { return refused || socket->stream; }));
    if (refused) return nullptr;
    socket->stream->start(socket->seen);
    return socket;
  }
  // The local end of whoever said this.
  Socket* local_end(const std::string& words) {
    Socket* end = nullptr;
    wait([&] {
      for (const auto& socket : local->sockets) {
        if (socket->seen.received.find(words) != std::string::npos) end = socket.get();
      }
      return end != nullptr;
    });
    return end;
  }
  // Whether a caller's words reach the local process.
  bool reaches(const std::string& words) {
    const auto caller = call();
    if (!caller) return false;
    caller->write(words);
    return local_end(words) != nullptr;
  }

  bool proxy_protocol = false;
  const std::uint16_t remote = proxy::testing::free_address(loop).port;
  std::optional<Service> local{std::in_place, loop};
  const std::uint16_t local_port = local->address().port;
  std::optional<Tunnel> tunnel;
  std::optional<LocalPorts> ports;
  std::optional<std::string> pod_refused;  // the kernel's words

 private:
  void on_tunnel_changed() override {}
  void on_tunnel_progress(const std::string&) override {}
  void on_ports_changed() override { loop.poke(); }
  void on_port_refused(std::uint16_t, const std::string& why) override { pod_refused = why; }

  const testing::TemporaryDirectory directory_;
};

TEST(LocalPortsTest, ACallerReachesTheLocalProcess) {
  SwapWorld world;
  world.expose_and_wait();
  const auto caller = world.call();
  ASSERT_TRUE(caller);
  caller->write("question");
  caller->stream->shutdown();
  Socket* local = world.local_end("question");
  ASSERT_TRUE(local);
  ASSERT_TRUE(world.wait([&] { return local->seen.ended; }));
  local->write("a late answer");
  local->stream->shutdown();
  ASSERT_TRUE(world.wait([&] { return caller->seen.closed.has_value(); }));
  EXPECT_TRUE(caller->seen.closed_well());
  EXPECT_EQ(caller->seen.received, "a late answer");
  ASSERT_TRUE(world.wait([&] { return world.ports->traffic().open_connections == 0; }));
  EXPECT_EQ(world.ports->traffic().failed_connections, 0U);
  EXPECT_EQ(world.ports->traffic().bytes_sent, 13U);
  EXPECT_EQ(world.ports->traffic().bytes_received, 8U);
}

TEST(LocalPortsTest, WhoComesWhileATestIsAwaitedIsTakenForItOnce) {
  SwapWorld world;
  world.expose_and_wait();
  const std::uint64_t before = world.past_callers();
  world.ports->await_test(world.remote);
  ASSERT_TRUE(world.reaches("the test's own"));
  EXPECT_EQ(world.ports->traffic().total_connections, before);
  EXPECT_EQ(world.ports->traffic().open_connections, 0U);
  const auto caller = world.call();
  caller->write("a caller");
  ASSERT_TRUE(world.local_end("a caller"));
  EXPECT_EQ(world.ports->traffic().total_connections, before + 1);
  EXPECT_EQ(world.ports->traffic().open_connections, 1U);
  world.ports->test_over(true);
  EXPECT_EQ(world.ports->traffic().total_connections, before + 1);
}

TEST(LocalPortsTest, WhoWasTakenForATestThatWentNowhereIsCountedAfterAll) {
  SwapWorld world;
  world.expose_and_wait();
  const std::uint64_t before = world.past_callers();
  world.ports->await_test(world.remote);
  const auto caller = world.call();
  caller->write("a caller");
  ASSERT_TRUE(world.local_end("a caller"));
  world.ports->test_over(false);
  EXPECT_EQ(world.ports->traffic().total_connections, before + 1);
  EXPECT_EQ(world.ports->traffic().open_connections, 1U);
}

TEST(LocalPortsTest, AResetReachesTheOtherEnd) {
  SwapWorld world;
  world.expose_and_wait();
  const auto caller = world.call();
  caller->write("one");
  Socket* local = world.local_end("one");
  ASSERT_TRUE(local);
  local->stream->reset();
  ASSERT_TRUE(world.wait([&] { return caller->seen.closed.has_value(); }));
  EXPECT_EQ(caller->seen.error().code, ErrorCode::kReset);
  const auto second = world.call();
  second->write("two");
  local = world.local_end("two");
  ASSERT_TRUE(local);
  second->stream->reset();
  ASSERT_TRUE(world.wait([&] { return local->seen.closed.has_value(); }));
  EXPECT_EQ(local->seen.error().code, ErrorCode::kReset);
}

TEST(LocalPortsTest, WhileNobodyListensLocallyCallersAreRefused) {
  SwapWorld world;
  world.local->close();
  world.expose();
  ASSERT_TRUE(world.wait([&] { return world.tunnel->ready(); }));
  EXPECT_FALSE(world.call());
  EXPECT_FALSE(world.ports->all_open());
  world.reopen();
  ASSERT_TRUE(world.wait_listening());
  EXPECT_TRUE(world.ports->all_open());
  EXPECT_TRUE(world.reaches("late start"));
}

TEST(LocalPortsTest, WhenTheLocalProcessIsGoneCallersAreRefusedUntilItIsBack) {
  SwapWorld world;
  world.expose_and_wait();
  ASSERT_TRUE(world.reaches("before"));
  world.local->close();
  // Who comes before it was noticed is reset, as by a process that just ended.
  if (const auto first = world.call()) {
    ASSERT_TRUE(world.wait([&] { return first->seen.closed.has_value(); }));
    EXPECT_EQ(first->seen.error().code, ErrorCode::kReset);
  }
  EXPECT_TRUE(world.call_until(false));
  EXPECT_FALSE(world.ports->all_open());
  world.reopen();
  ASSERT_TRUE(world.wait_listening());
  EXPECT_TRUE(world.reaches("back again"));
}

TEST(LocalPortsTest, NoByteIsLostWhenTheTunnelIsCutInTheMiddle) {
  SwapWorld world;
  world.expose_and_wait();
  const std::string up = "up:" + noise(12 * 1024 * 1024);
  const std::string down = noise(10 * 1024 * 1024);
  const auto caller = world.call();
  caller->write(up);
  Socket* local = world.local_end("up:");
  ASSERT_TRUE(local);
  local->write(down);
  int cuts = 0;
  ASSERT_TRUE(world.wait([&] {
    if (local->seen.received.size() >= static_cast<std::size_t>(cuts + 1) * 2 * 1024 * 1024) {
      ++cuts;
      world.relay->cut();
    }
    return local->seen.received.size() >= up.size() && caller->seen.received.size() >= down.size();
  }));
  EXPECT_TRUE(local->seen.received == up);
  EXPECT_TRUE(caller->seen.received == down);
  EXPECT_GE(cuts, 4);
  EXPECT_GE(world.tunnel->status().reconnects, 2U);
}

// As in a burst of callers: its backlog is full, and the kernel lets connections wait for seconds.
TEST(LocalPortsTest, ALocalProcessThatWasTooBusyIsReachedAsSoonAsItIsnt) {
  SwapWorld world;
  world.local->close();
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(world.local_port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  world.expose_and_wait();
  std::vector<std::unique_ptr<Socket>> crowd;
  for (int i = 0; i < 5; ++i) crowd.push_back(world.call());
  crowd.back()->write("patient");
  world.loop.run_for(milliseconds(1100));  // the kernel would try again after 3 s
  const TimePoint before = std::chrono::steady_clock::now();
  std::vector<int> accepted;
  std::string text(7, ' ');
  bool reached = false;
  ASSERT_TRUE(world.wait([&] {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd >= 0) accepted.push_back(fd);
    for (const int one : accepted) {
      reached = reached || (recv(one, text.data(), text.size(), 0) == 7 && text == "patient");
    }
    return reached;
  }));
  EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(1500));
  for (const int fd : accepted) close(fd);
  close(listener);
}

TEST(LocalPortsTest, ANewProxyProcessIsToldEverythingAgain) {
  SwapWorld world;
  std::vector<std::string> lines;
  const EnvironmentFollower follower(*world.loop, *world.tunnel,
                                     [&](const std::string& line) { lines.push_back(line); });
  world.tunnel->set_ready(true);
  world.expose_and_wait();
  ASSERT_TRUE(world.wait([&] { return lines.size() == 1; }));
  EXPECT_THAT(lines[0], HasSubstr(R"({"name":"A","value":"1"})"));
  const std::uint16_t port = world.proxy->tunnel_address().port;
  world.proxy.reset();
  auto second = proxy::Proxy::create(*world.loop, SwapWorld::config(port), [] {});
  ASSERT_TRUE(second.has_value()) << second.error().summary();
  world.proxy = std::move(*second);
  world.relay->cut();
  ASSERT_TRUE(world.wait([&] { return world.proxy->sessions().ready(); }));
  ASSERT_TRUE(world.wait([&] { return lines.size() == 2; }));
  EXPECT_TRUE(world.reaches("a new pod"));
}

TEST(LocalPortsTest, CallersWhoComeWhileTheStandInDrainsAreServed) {
  SwapWorld world;
  world.expose_and_wait();
  world.proxy->drain();
  EXPECT_TRUE(world.reaches("late"));
}

TEST(LocalPortsTest, CallersWhoseTunnelIsCutWhileTheStandInDrainsAreServed) {
  SwapWorld world;
  world.expose_and_wait();
  const auto caller = world.call();
  caller->write("a question");
  Socket* local = world.local_end("a question");
  ASSERT_TRUE(local);
  world.proxy->drain();
  ASSERT_TRUE(world.wait([&] { return !world.tunnel->ready(); }));  // it has heard of it
  for (int cuts = 0; cuts < 3; ++cuts) {
    world.relay->cut();
    ASSERT_TRUE(world.wait([&] { return world.proxy->sessions().attached() == 0; }));
    ASSERT_TRUE(world.wait([&] { return world.proxy->sessions().attached() == 1; }));
  }
  local->write("an answer");
  ASSERT_TRUE(world.wait([&] { return caller->seen.received == "an answer"; }));
  caller->stream->shutdown();
  local->stream->shutdown();
  ASSERT_TRUE(world.wait([&] { return caller->seen.closed.has_value(); }));
  EXPECT_TRUE(caller->seen.closed_well());
}

TEST(LocalPortsTest, TheCallersAddressIsPassedOnWhereItIsAskedFor) {
  SwapWorld world;
  world.proxy_protocol = true;
  world.expose_and_wait();
  const auto caller = world.call();
  caller->write("GET /");
  Socket* local = world.local_end("GET /");
  ASSERT_TRUE(local);
  const std::string& header = local->seen.received;
  EXPECT_EQ(header.substr(16, 8), std::string("\x7f\0\0\x01\0\0\0\0", 8));
  EXPECT_EQ(static_cast<unsigned char>(header[26]) * 256 + static_cast<unsigned char>(header[27]),
            world.remote);
  EXPECT_EQ(header.substr(28), "GET /");
}

TEST(LocalPortsTest, APortThatIsTakenInThePodIsSaid) {
  SwapWorld world;
  const Service squatter(world.loop, world.remote);
  world.expose();
  ASSERT_TRUE(world.wait([&] { return world.pod_refused.has_value(); }));
  EXPECT_THAT(*world.pod_refused, HasSubstr("in use"));
}

TEST(LocalPortsTest, WhenItIsGoneCallersAreResetAndThenRefused) {
  SwapWorld world;
  world.expose_and_wait();
  const auto caller = world.call();
  caller->write("hello");
  ASSERT_TRUE(world.local_end("hello"));
  world.ports.reset();
  ASSERT_TRUE(world.wait([&] { return caller->seen.closed.has_value(); }));
  EXPECT_TRUE(world.call_until(false));
}

TEST(LocalPortsTest, ADaemonThatLeavesClosesThePortsAtOnce) {
  SwapWorld world;
  world.tunnel->listen(world.remote);
  ASSERT_TRUE(world.wait([&] { return world.tunnel->ready(); }));
  ASSERT_TRUE(world.call_until(true));
  world.tunnel.reset();
  EXPECT_TRUE(world.call_until(false));
}

}  // namespace
}  // namespace ferry::daemon
