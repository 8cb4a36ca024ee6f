// A proxy in the place of a container: callers come in, and reach the daemon.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <list>

#include "tests/in-cluster-proxy/harness.h"
#include "tunnel/messages.h"

namespace ferry::proxy {
namespace {

using namespace ferry::proxy::testing;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using tunnel::Reason;
using tunnel::TargetKind;

// With a local process that takes whom the daemon brings.
class StandInWorld : public World {
 public:
  static Config config() {
    Config config = World::config();
    config.stand_in = StandInConfig{.id = "a1b2",
                                    .drain_accept = milliseconds(100),
                                    .link_addresses = {"127.0.0.1"},
                                    .poll_files = milliseconds(5),
                                    .environment = {"A=1"}};
    return config;
  }
  explicit StandInWorld(const Config& config = StandInWorld::config(),
                        OrphanRestore* restore = nullptr)
      : World(config, restore) {}

  // The port on which nobody listens yet; the proxy's side of the link.
  const std::uint16_t port = free_address(loop).port;
  Service local{loop};

  std::unique_ptr<Daemon> daemon_that_listens() {
    auto daemon = World::daemon();
    daemon->side.on_open = [this, self = daemon.get()](tunnel::StreamId id, const auto&) {
      dials_.push_back(std::make_unique<net::Dial>(
          *loop, local.address(), net::DialOptions{},
          [=](auto stream) { self->side.io->accept(id, std::move(*stream)); }));
    };
    EXPECT_TRUE(daemon->side.io->listen(port));
    EXPECT_TRUE(loop.run_until([&] { return daemon->side.listens.contains(port); }));
    EXPECT_TRUE(daemon->side.listens[port].ok) << daemon->side.listens[port].detail;
    return daemon;
  }

  // Whether the first caller's bytes came through.
  bool local_receives(const std::string& text) {
    return loop.run_until(
        [&] { return local.sockets.size() == 1 && local.sockets[0]->seen.received == text; });
  }

  // None: nobody listens there.
  std::unique_ptr<Socket> call(std::uint16_t to) {
    auto socket = std::make_unique<Socket>(loop);
    bool refused = false;
    net::Dial dial(*loop, {"127.0.0.1", to}, {}, [&](auto stream) {
      refused = !stream;
      if (stream) socket->stream = std::move(*stream);
      loop.poke();
    });
    EXPECT_TRUE(loop.run_until([&] { return refused || socket->stream; }));
    if (refused) return nullptr;
    socket->stream->start(socket->seen);
    return socket;
  }

  // Whether callers come to be refused.
  bool refuses_soon() {
    for (int i = 0; i < 10'000; ++i) {
      if (!call(port)) return true;
    }
    return false;
  }

  std::string readyz() {
    auto socket = call(proxy->health_addresses().at(0).port);
    socket->write("GET /readyz HTTP/1.1\r\n\r\n");
    loop.run_until([&] { return socket->seen.ended; });
    return socket->seen.received;
  }

 private:
  std::list<std::unique_ptr<net::Dial>> dials_;
};

TEST(StandInTest, ACallerReachesTheDaemon) {
  StandInWorld world;
  const auto daemon = world.daemon_that_listens();
  const auto caller = world.call(world.port);
  ASSERT_TRUE(caller);
  caller->write("question");
  ASSERT_TRUE(world.local_receives("question"));
  const tunnel::Target target = daemon->side.opened.at(0).second;
  EXPECT_EQ(target.kind, TargetKind::kLink);
  EXPECT_EQ(target.port, world.port);
  EXPECT_THAT(target.host, StartsWith("127.0.0.1:"));
  world.local.sockets[0]->write("answer");
  world.local.sockets[0]->stream->shutdown();
  ASSERT_TRUE(world.loop.run_until([&] { return caller->seen.ended; }));
  EXPECT_EQ(caller->seen.received, "answer");
}

TEST(StandInTest, ADaemonOfAnotherProtocolVersionTakesNothingOver) {
  StandInWorld world;
  const auto daemon = world.daemon_that_listens();
  const auto caller = world.call(world.port);
  ASSERT_TRUE(caller);
  tunnel::Hello hello;
  hello.protocol = tunnel::kProtocolVersion + 1;
  Impostor other(world.loop, world.proxy->tunnel_address(),
                 std::string(as_text(tunnel::encode(hello).frame())));
  ASSERT_TRUE(other.is_dropped());
  EXPECT_THAT(other.seen.received, HasSubstr("FRRY")) << "it is told which version would do";
  caller->write("question");
  EXPECT_TRUE(world.local_receives("question"));
}

TEST(StandInTest, AnUnlistenRefusesCallersAndLeavesThoseWhoAreThere) {
  StandInWorld world;
  const auto daemon = world.daemon_that_listens();
  const auto early = world.call(world.port);
  ASSERT_TRUE(world.loop.run_until([&] { return world.local.sockets.size() == 1; }));
  daemon->side.io->unlisten(world.port);
  EXPECT_TRUE(world.refuses_soon());
  early->write("still here");
  ASSERT_TRUE(
      world.loop.run_until([&] { return world.local.sockets[0]->seen.received == "still here"; }));
  daemon->side.listens.clear();
  EXPECT_TRUE(daemon->side.io->listen(world.port));
  ASSERT_TRUE(world.loop.run_until([&] { return daemon->side.listens.contains(world.port); }));
  EXPECT_TRUE(world.call(world.port));
}

TEST(StandInTest, ACallerWhomTheDaemonRefusesIsReset) {
  StandInWorld world;
  const auto daemon = world.daemon_that_listens();
  daemon->side.on_open = [&](tunnel::StreamId id, const tunnel::Target&) {
    daemon->side.io->refuse(id, Reason::kRefused, "nobody listens");
  };
  const auto caller = world.call(world.port);
  ASSERT_TRUE(caller);
  ASSERT_TRUE(world.loop.run_until([&] { return caller->seen.closed.has_value(); }));
  EXPECT_EQ(caller->seen.error().code, ErrorCode::kReset);
}

TEST(StandInTest, APortThatIsTakenIsToldWithTheKernelsWords) {
  StandInWorld world;
  Service other(world.loop);
  const auto daemon = world.daemon();
  const std::uint16_t port = other.address().port;
  ASSERT_TRUE(daemon->side.io->listen(port));
  ASSERT_TRUE(world.loop.run_until([&] { return daemon->side.listens.contains(port); }));
  EXPECT_FALSE(daemon->side.listens[port].ok);
  EXPECT_THAT(daemon->side.listens[port].detail, HasSubstr("in use"));
}

TEST(StandInTest, IsReadyWhenADaemonIsThereAndSaysSo) {
  Config config = StandInWorld::config();
  config.limits.tolerated_loss = Duration::zero();
  StandInWorld world(config);
  EXPECT_THAT(world.readyz(), HasSubstr("no daemon is attached"));
  const auto daemon = world.daemon();
  EXPECT_THAT(world.readyz(), HasSubstr("the local process is not ready"));
  daemon->side.io->set_ready(true);
  world.run_until([&] { return world.proxy->sessions().ready(); });
  EXPECT_THAT(world.readyz(), StartsWith("HTTP/1.1 200"));
  world.relay->cut();
  world.run_until([&] { return world.proxy->sessions().attached() == 0; });
  EXPECT_THAT(world.readyz(), StartsWith("HTTP/1.1 503"));
  daemon->resume();
  world.run_until([&] { return world.proxy->sessions().attached() == 1; });
  EXPECT_THAT(world.readyz(), StartsWith("HTTP/1.1 200")) << "kept over the resume";
}

TEST(StandInTest, StaysReadyWhenTheTunnelIsLostForAMoment) {
  StandInWorld world;
  const auto daemon = world.daemon();
  daemon->side.io->set_ready(true);
  world.run_until([&] { return world.proxy->sessions().ready(); });
  world.relay->cut();
  world.run_until([&] { return world.proxy->sessions().attached() == 0; });
  EXPECT_THAT(world.readyz(), StartsWith("HTTP/1.1 200"));
}

TEST(StandInTest, WhoCallsWhileTheTunnelIsLostWaitsForIt) {
  StandInWorld world;
  const auto daemon = world.daemon_that_listens();
  world.relay->cut();
  world.run_until([&] { return world.proxy->sessions().attached() == 0; });
  const auto caller = world.call(world.port);
  ASSERT_TRUE(caller);
  caller->write("patient");
  world.run_until([&] { return daemon->side.lost.size() == 1; });
  daemon->resume();
  ASSERT_TRUE(world.local_receives("patient"));
}

TEST(StandInTest, ADaemonThatStartsAnewTakesThePortsOver) {
  StandInWorld world;
  const auto first = world.daemon_that_listens();
  const auto stale = world.call(world.port);
  ASSERT_TRUE(world.loop.run_until([&] { return world.local.sockets.size() == 1; }));
  world.relay->cut();
  world.run_until([&] { return world.proxy->sessions().attached() == 0; });
  const auto second = world.daemon_that_listens();
  ASSERT_TRUE(world.loop.run_until([&] { return stale->seen.closed.has_value(); }))
      << "its process is gone";
  const auto caller = world.call(world.port);
  ASSERT_TRUE(caller);
  ASSERT_TRUE(world.loop.run_until([&] { return second->side.opened.size() == 1; }));
}

TEST(StandInTest, WhatADaemonSaidBeforeItStartedAnewIsForgottenAtOnce) {
  StandInWorld world;
  const auto first = world.daemon_that_listens();
  first->side.io->set_ready(true);
  world.run_until([&] { return world.proxy->sessions().ready(); });
  const auto second = world.daemon();  // the proxy can't know yet that the first one is gone
  EXPECT_FALSE(world.proxy->sessions().ready());
  EXPECT_EQ(world.proxy->sessions().attached(), 1U);
  EXPECT_TRUE(world.refuses_soon());
}

TEST(StandInTest, AProxyThatIsNoStandInListensForNobody) {
  World world;
  const auto daemon = world.daemon();
  ASSERT_TRUE(daemon->side.io->listen(8080));
  ASSERT_TRUE(world.loop.run_until([&] { return daemon->side.listens.contains(8080); }));
  EXPECT_EQ(daemon->side.listens[8080].reason, Reason::kForbidden);
}

// --- the environment -----------------------------------------------------------------------------

TEST(StandInTest, ServesItsEnvironmentAndItsFilesAsTheyChange) {
  std::string pattern = ::testing::TempDir() + "ferry-env-XXXXXX";
  const std::filesystem::path dir = mkdtemp(pattern.data());
  std::ofstream(dir / "key") << "one";
  Config with_mount = StandInWorld::config();
  with_mount.stand_in->mounts = {dir.string()};
  StandInWorld world(with_mount);
  const auto daemon = world.daemon();
  auto pair = net::testing::connect_tcp(world.loop);
  Socket reader(world.loop);
  reader.stream = std::move(pair.client);
  reader.stream->start(reader.seen);
  ASSERT_TRUE(
      daemon->side.io->open({"environment", 0, TargetKind::kService}, std::move(pair.server)));
  const auto lines = [&] {
    return std::count(reader.seen.received.begin(), reader.seen.received.end(), '\n');
  };
  ASSERT_TRUE(world.loop.run_until([&] { return lines() == 1; }));
  EXPECT_THAT(reader.seen.received, HasSubstr(R"({"name":"A","value":"1"})"));
  EXPECT_THAT(reader.seen.received, HasSubstr(R"("base64":"b25l")"));
  std::ofstream(dir / "next") << "a new file";
  std::filesystem::rename(dir / "next", dir / "key");
  ASSERT_TRUE(world.loop.run_until([&] { return lines() >= 2; }));
  reader.stream->shutdown();
  ASSERT_TRUE(world.loop.run_until([&] { return reader.seen.closed.has_value(); }));
  EXPECT_TRUE(reader.seen.closed_well());
  std::filesystem::remove_all(dir);
}

TEST(StandInTest, AnEnvironmentLargerThanAnyWindowArrivesWhole) {
  Config large = StandInWorld::config();
  large.stand_in->environment = {"BIG=" + std::string(3'000'000, 'x')};
  StandInWorld world(large);
  const auto daemon = world.daemon();
  auto pair = net::testing::connect_tcp(world.loop);
  Socket reader(world.loop);
  reader.stream = std::move(pair.client);
  reader.stream->start(reader.seen);
  ASSERT_TRUE(
      daemon->side.io->open({"environment", 0, TargetKind::kService}, std::move(pair.server)));
  ASSERT_TRUE(world.loop.run_until([&] { return reader.seen.received.ends_with("\n"); }));
  EXPECT_GT(reader.seen.received.size(), 3'000'000U);
}

TEST(StandInTest, TheLatestReadersOfItsEnvironmentAreServedAndTheOldestLetGo) {
  Config large = StandInWorld::config();
  large.stand_in->environment = {"BIG=" + std::string(3'000'000, 'x')};
  StandInWorld world(large);
  const auto daemon = world.daemon();
  std::vector<std::unique_ptr<Socket>> readers;
  for (int i = 0; i < 6; ++i) {
    auto pair = net::testing::connect_tcp(world.loop);
    readers.push_back(std::make_unique<Socket>(world.loop));
    readers.back()->stream = std::move(pair.client);
    ASSERT_TRUE(
        daemon->side.io->open({"environment", 0, TargetKind::kService}, std::move(pair.server)));
  }
  for (auto& reader : readers) reader->stream->start(reader->seen);
  ASSERT_TRUE(world.loop.run_until([&] {
    return readers[0]->seen.ended && readers[1]->seen.ended &&
           std::all_of(readers.begin() + 2, readers.end(),
                       [](const auto& reader) { return reader->seen.received.ends_with("\n"); });
  }));
  EXPECT_FALSE(readers[0]->seen.received.ends_with("\n"));
  EXPECT_FALSE(readers[5]->seen.ended);
}

// --- its end -------------------------------------------------------------------------------------

TEST(StandInTest, WhileDrainingItTakesCallersForAWhileAndLetsThemFinish) {
  StandInWorld world;
  const auto daemon = world.daemon_that_listens();
  world.proxy->drain();
  EXPECT_THAT(world.readyz(), HasSubstr("draining"));
  const auto late = world.call(world.port);
  ASSERT_TRUE(late);
  late->write("late");
  ASSERT_TRUE(world.local_receives("late"));
  daemon->side.on_open = [&](tunnel::StreamId id, const tunnel::Target&) {
    daemon->side.io->refuse(id, Reason::kRefused, "one was enough");
  };
  EXPECT_TRUE(world.refuses_soon());
  EXPECT_FALSE(world.over);
  world.local.sockets[0]->stream->shutdown();
  late->stream->shutdown();
  ASSERT_TRUE(world.loop.run_until([&] { return world.over && late->seen.closed; }));
  EXPECT_TRUE(late->seen.closed_well());
}

// Both are quiet at the end: one between two requests, the other in the middle of one.
TEST(StandInTest, WhileDrainingItLetsCallersGoWhoWaitForNothing) {
  Config config = StandInWorld::config();
  config.drain_timeout = milliseconds(2000);
  StandInWorld world(config);
  const auto daemon = world.daemon_that_listens();
  const auto kept = world.call(world.port);
  kept->write("request");
  ASSERT_TRUE(world.local_receives("request"));
  world.local.sockets[0]->write("answer");
  ASSERT_TRUE(world.loop.run_until([&] { return kept->seen.received == "answer"; }));
  const auto waiting = world.call(world.port);
  waiting->write("a hard question");
  ASSERT_TRUE(world.loop.run_until([&] {
    return world.local.sockets.size() == 2 && world.local.sockets[1]->seen.received.size() == 15;
  }));
  world.proxy->drain();
  ASSERT_TRUE(world.loop.run_until([&] { return kept->seen.ended; }));
  EXPECT_FALSE(world.over);
  EXPECT_FALSE(waiting->seen.ended);
  kept->stream->shutdown();
  world.local.sockets[1]->write("42");
  ASSERT_TRUE(world.loop.run_until([&] { return waiting->seen.ended; }));
  EXPECT_EQ(waiting->seen.received, "42");
}

// Cut before it was told to end, and back after that: it hears of the end on the next carrier.
TEST(StandInTest, WhileDrainingALostTunnelComesBackForItsCallers) {
  StandInWorld world;
  const auto daemon = world.daemon_that_listens();
  const auto caller = world.call(world.port);
  caller->write("a question");
  ASSERT_TRUE(world.local_receives("a question"));
  daemon->lose_carrier();
  world.run_until([&] { return world.proxy->sessions().attached() == 0; });
  world.proxy->drain();
  world.loop.run_for(milliseconds(200));  // longer than callers are taken
  EXPECT_FALSE(world.over);
  daemon->resume();
  ASSERT_TRUE(world.loop.run_until([&] { return daemon->side.going_away.size() == 1; }));
  world.local.sockets[0]->write("an answer");
  ASSERT_TRUE(world.loop.run_until([&] { return caller->seen.received == "an answer"; }));
  caller->stream->shutdown();
  world.local.sockets[0]->stream->shutdown();
  ASSERT_TRUE(world.loop.run_until([&] { return world.over && caller->seen.closed; }));
  EXPECT_TRUE(caller->seen.closed_well());
}

TEST(StandInTest, WhileDrainingItDoesNotWaitForEverForALostTunnel) {
  Config config = StandInWorld::config();
  config.limits.tolerated_loss = milliseconds(200);
  StandInWorld world(config);
  const auto daemon = world.daemon_that_listens();
  const auto caller = world.call(world.port);
  caller->write("a question");
  ASSERT_TRUE(world.local_receives("a question"));
  daemon->lose_carrier();
  world.run_until([&] { return world.proxy->sessions().attached() == 0; });
  world.proxy->drain();
  ASSERT_TRUE(world.loop.run_until([&] { return world.over; }));
}

TEST(StandInTest, WhileDrainingItTakesNoNewSession) {
  StandInWorld world;
  const auto daemon = world.daemon_that_listens();
  const auto caller = world.call(world.port);
  caller->write("a question");
  ASSERT_TRUE(world.local_receives("a question"));
  world.proxy->drain();
  Daemon another(world.loop, world.proxy->tunnel_address());
  another.greet();
  ASSERT_TRUE(world.loop.run_until([&] { return another.side.failed.has_value(); }));
  EXPECT_THAT(another.side.failed->summary(), HasSubstr("the proxy is ending"));
  EXPECT_EQ(another.side.established, 0);
  EXPECT_EQ(world.proxy->sessions().attached(), 1U);
}

TEST(StandInTest, AnEnvironmentStreamKeepsNobodyFromEnding) {
  StandInWorld world;
  const auto daemon = world.daemon();
  auto pair = net::testing::connect_tcp(world.loop);
  const auto id =
      daemon->side.io->open({"environment", 0, TargetKind::kService}, std::move(pair.server));
  ASSERT_TRUE(world.loop.run_until([&] { return daemon->side.accepted.size() == 1; }));
  world.proxy->drain();
  ASSERT_TRUE(world.loop.run_until([&] { return world.over; }));
  EXPECT_TRUE(id);
}

TEST(StandInTest, ADaemonThatLeavesInOrderClosesItsPorts) {
  StandInWorld world;
  const auto daemon = world.daemon_that_listens();
  daemon->side.io->set_ready(true);
  world.run_until([&] { return world.proxy->sessions().ready(); });
  daemon->side.io->go_away(Reason::kShuttingDown, Duration::zero());
  EXPECT_TRUE(world.refuses_soon());
  EXPECT_FALSE(world.proxy->sessions().ready());
}

class CountingRestore final : public OrphanRestore {
 public:
  void start(std::function<void(Status)>) override { ++attempts; }
  int attempts = 0;
};

TEST(StandInTest, WithoutItsDaemonItHasTheOriginalRestored) {
  CountingRestore restore;
  Config impatient = StandInWorld::config();
  impatient.stand_in->orphan_timeout = milliseconds(150);
  StandInWorld world(impatient, &restore);
  const auto daemon = world.daemon();
  world.loop.run_for(milliseconds(300));
  EXPECT_EQ(restore.attempts, 0);
  world.relay->cut();
  world.run_until([&] { return restore.attempts == 1; });
}

}  // namespace
}  // namespace ferry::proxy
