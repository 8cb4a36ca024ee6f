#include "in-cluster-proxy/proxy.h"

#include <gmock/gmock.h>

#include <array>

#include "tests/in-cluster-proxy/harness.h"

namespace ferry::proxy {
namespace {

using namespace ferry::proxy::testing;
using ::testing::HasSubstr;
using tunnel::Reason;

TEST(ProxyTest, ForwardsAStreamOverMutualTls) {
  World world;
  Service service(world.loop);
  const auto daemon = world.daemon();
  const auto stream = daemon->open(service.address());
  stream.app->write("question");
  ASSERT_TRUE(world.loop.run_until([&] {
    return service.sockets.size() == 1 && service.sockets[0]->seen.received == "question";
  }));
  service.sockets[0]->write("answer");
  ASSERT_TRUE(world.loop.run_until([&] { return stream.app->seen.received == "answer"; }));
}

TEST(ProxyTest, ResolvesNames) {
  World world;
  Service service(world.loop);
  const auto daemon = world.daemon();
  const auto stream = daemon->open({"localhost", service.address().port});
  ASSERT_TRUE(world.loop.run_until([&] { return service.sockets.size() == 1; }));
}

TEST(ProxyTest, KeepsHalfOfAConnectionOpen) {
  World world;
  Service service(world.loop);
  const auto daemon = world.daemon();
  const auto stream = daemon->open(service.address());
  stream.app->write("request");
  stream.app->stream->shutdown();
  ASSERT_TRUE(world.loop.run_until(
      [&] { return service.sockets.size() == 1 && service.sockets[0]->seen.ended; }));
  EXPECT_EQ(service.sockets[0]->seen.received, "request");
  service.sockets[0]->write("a late answer");
  service.sockets[0]->stream->shutdown();
  ASSERT_TRUE(world.loop.run_until([&] { return stream.app->seen.closed.has_value(); }));
  EXPECT_TRUE(stream.app->seen.closed_well());
  EXPECT_EQ(stream.app->seen.received, "a late answer");
}

TEST(ProxyTest, AResetOfTheServiceResetsTheClient) {
  World world;
  Service service(world.loop);
  const auto daemon = world.daemon();
  const auto stream = daemon->open(service.address());
  ASSERT_TRUE(world.loop.run_until([&] { return service.sockets.size() == 1; }));
  service.sockets[0]->stream->reset();
  ASSERT_TRUE(world.loop.run_until([&] { return stream.app->seen.closed.has_value(); }));
  EXPECT_EQ(stream.app->seen.error().code, ErrorCode::kReset);
}

TEST(ProxyTest, SaysThatNobodyListens) {
  World world;
  const auto daemon = world.daemon();
  const auto end = daemon->refused(free_address(world.loop));
  EXPECT_EQ(end.reason, Reason::kRefused);
  EXPECT_THAT(end.detail, HasSubstr("connection refused"));
}

TEST(ProxyTest, SaysThatANameDoesNotResolve) {
  World world;
  const auto daemon = world.daemon();
  const auto end = daemon->refused({"no-such-service.invalid", 80});
  EXPECT_EQ(end.reason, Reason::kNoSuchHost);
  EXPECT_FALSE(end.detail.empty());
}

TEST(ProxyTest, RefusesWhatThePolicyForbidsWhateverItsName) {
  Config config = World::config();
  config.rules = {};
  World world(config);
  Service service(world.loop);
  const auto daemon = world.daemon();
  for (const std::string host : {"127.0.0.1", "localhost", "169.254.169.254", "::ffff:127.0.0.1"}) {
    const auto end = daemon->refused({host, service.address().port});
    EXPECT_EQ(end.reason, Reason::kForbidden) << host;
    EXPECT_THAT(end.detail, HasSubstr("not permitted")) << host;
  }
  EXPECT_TRUE(service.sockets.empty());
}

TEST(ProxyTest, RefusesMorePendingDialsThanItMayHave) {
  Config config = World::config();
  config.limits.pending_dials = 0;
  World world(config);
  const auto daemon = world.daemon();
  EXPECT_EQ(daemon->refused({"127.0.0.1", 1}).reason, Reason::kLimit);
}

TEST(ProxyTest, AStreamOutlivesItsTunnel) {
  World world;
  Service service(world.loop);
  const auto daemon = world.daemon();
  const auto stream = daemon->open(service.address());
  ASSERT_TRUE(world.loop.run_until([&] { return service.sockets.size() == 1; }));
  Socket& far = *service.sockets[0];
  daemon->side.on_lost = [&] { daemon->resume(); };
  const std::string up = noise(24 * 1024 * 1024);
  const std::string down = noise(20 * 1024 * 1024);
  stream.app->write(up);
  far.write(down);
  int cuts = 0;
  far.seen.on_event = [&] {
    if (far.seen.received.size() < static_cast<std::size_t>(cuts + 1) * 5 * 1024 * 1024) return;
    ++cuts;
    world.loop->post([&] { world.relay->cut(); });
  };
  ASSERT_TRUE(world.loop.run_until([&] {
    return far.seen.received.size() >= up.size() && stream.app->seen.received.size() >= down.size();
  }));
  EXPECT_TRUE(far.seen.received == up);
  EXPECT_TRUE(stream.app->seen.received == down);
  EXPECT_GE(cuts, 4);
  EXPECT_GE(daemon->side.resumed, 3);
}

TEST(ProxyTest, ServesSeveralDaemonsAtOnce) {
  World world;
  Service service(world.loop);
  const auto one = world.daemon();
  const auto two = world.daemon();
  EXPECT_EQ(world.proxy->sessions().attached(), 2U);
  EXPECT_NE(one->side.io->session().keys().id, two->side.io->session().keys().id);
  EXPECT_NE(one->side.io->session().keys().secret, two->side.io->session().keys().secret);
  const auto first = one->open(service.address());
  ASSERT_TRUE(world.loop.run_until([&] { return service.sockets.size() == 1; }));
  const auto second = two->open(service.address());
  ASSERT_TRUE(world.loop.run_until([&] { return service.sockets.size() == 2; }));
  second.app->stream->reset();
  ASSERT_TRUE(world.loop.run_until([&] { return service.sockets[1]->seen.closed.has_value(); }));
  first.app->write("untouched");
  ASSERT_TRUE(
      world.loop.run_until([&] { return service.sockets[0]->seen.received == "untouched"; }));
}

TEST(ProxyTest, AWrongProofDoesNotGetTheSession) {
  World world;
  Service service(world.loop);
  const auto daemon = world.daemon();
  const auto stream = daemon->open(service.address());
  ASSERT_TRUE(world.loop.run_until([&] { return service.sockets.size() == 1; }));
  daemon->resume(false);
  ASSERT_TRUE(world.loop.run_until([&] { return daemon->side.failed.has_value(); }));
  EXPECT_THAT(daemon->side.failed->summary(), HasSubstr("proof"));
}

TEST(ProxyTest, AnUnknownSessionIsToldSo) {
  World first;
  World second;
  const auto daemon = first.daemon();
  Daemon lost(first.loop, second.proxy->tunnel_address());
  // Its session is one of the first proxy's; it comes to a proxy that never had it.
  lost.side.io = std::move(daemon->side.io);
  lost.resume();
  bool told = false;
  for (int round = 0; round < 2000 && !told; ++round) {
    first.loop.run_for(std::chrono::milliseconds(1));
    second.loop.run_for(std::chrono::milliseconds(1));
    told = daemon->side.failed.has_value();
  }
  ASSERT_TRUE(told);
  EXPECT_THAT(daemon->side.failed->summary(), HasSubstr("does not have it"));
}

TEST(ProxyTest, EndsWhenNobodyNeedsIt) {
  Config config = World::config();
  config.idle_exit = std::chrono::milliseconds(50);
  World world(config);
  ASSERT_TRUE(world.loop.run_until([&] { return world.over; }));
}

TEST(ProxyTest, LivesOnForAnAttachedDaemonAndForStreamsThatAreKept) {
  Config config = World::config();
  config.session_keep = std::chrono::milliseconds(600);
  config.limits.prune_every = std::chrono::milliseconds(20);
  config.idle_exit = std::chrono::milliseconds(100);
  World world(config);
  Service service(world.loop);
  const auto daemon = world.daemon();
  const auto stream = daemon->open(service.address());
  ASSERT_TRUE(world.loop.run_until([&] { return service.sockets.size() == 1; }));
  world.loop.run_for(std::chrono::milliseconds(300));
  EXPECT_FALSE(world.over);
  world.relay->cut();
  ASSERT_TRUE(world.loop.run_until([&] { return daemon->side.lost.size() == 1; }));
  world.loop.run_for(std::chrono::milliseconds(300));
  EXPECT_FALSE(world.over);
  EXPECT_EQ(world.proxy->sessions().needed(), 1U);
  // Then nobody comes back for it, and it is let go.
  ASSERT_TRUE(world.loop.run_until([&] { return service.sockets[0]->seen.closed.has_value(); }));
  EXPECT_EQ(service.sockets[0]->seen.error().code, ErrorCode::kReset);
  ASSERT_TRUE(world.loop.run_until([&] { return world.over; }));
}

TEST(ProxyTest, LetsTheOldestLostSessionGoWhenMemoryIsUsedUp) {
  Config config = World::config();
  config.limits.session_memory = std::size_t{768} * 1024;
  config.limits.prune_every = std::chrono::milliseconds(20);
  World world(config);
  Service service(world.loop);
  const std::array<World::Served, 2> served{world.served_by(service), world.served_by(service)};
  // They are lost one after the other; of what their services go on to send, each holds 256 KiB in
  // half a mebibyte of memory.
  for (std::size_t i = 0; i < 2; ++i) {
    served[i].daemon->lose_carrier();
    world.run_until([&] { return world.proxy->sessions().attached() == 1 - i; });
    service.sockets[i]->write(noise(2 * 1024 * 1024));
  }
  ASSERT_TRUE(world.loop.run_until([&] { return service.sockets[0]->seen.closed.has_value(); }));
  world.loop.run_for(std::chrono::milliseconds(200));
  EXPECT_FALSE(service.sockets[1]->seen.closed.has_value());
  EXPECT_EQ(world.proxy->sessions().needed(), 1U);
}

TEST(ProxyTest, WhatSocketsHaveNotTakenCountsAsMemoryOfALostSession) {
  Config config = World::config();
  config.limits.session_memory = std::size_t{64} * 1024;
  config.limits.prune_every = std::chrono::milliseconds(20);
  World world(config);
  Service service(world.loop);
  const auto [daemon, stream] = world.served_by(service);
  service.sockets[0]->stream->pause_reading();
  stream.app->write(noise(16 * 1024 * 1024));  // more than the kernel holds
  world.run_until([&] { return world.proxy->sessions().memory() > 128 * 1024; });
  daemon->lose_carrier();
  world.run_until([&] { return world.proxy->sessions().size() == 0; });
  EXPECT_EQ(world.proxy->metrics().of(SessionFate::kMemory), 1U);
}

// The tunnels of a machine's processes.
tunnel::Holder holder(std::uint64_t process, std::uint64_t tunnel = 1, std::uint8_t machine = 1) {
  return {.installation = {machine}, .process = process, .tunnel = tunnel};
}

// A session of this holder with a stream to the service, whose daemon is gone without a word.
World::Served lost_session(World& world, Service& service, const tunnel::Holder& of) {
  auto served = world.served_by(service, of);
  served.daemon->lose_carrier();
  world.run_until([&] { return world.proxy->sessions().attached() == 0; });
  return served;
}

TEST(ProxyTest, ADaemonThatBeginsAnewEndsWhatItLeftBehind) {
  World world;
  Service service(world.loop);
  const auto killed = lost_session(world, service, holder(1));
  const auto next = world.daemon(holder(2, 7));
  ASSERT_TRUE(world.loop.run_until([&] { return service.sockets[0]->seen.closed.has_value(); }));
  EXPECT_EQ(service.sockets[0]->seen.error().code, ErrorCode::kReset);
  EXPECT_EQ(world.proxy->sessions().size(), 1U);
  EXPECT_EQ(world.proxy->metrics().of(SessionFate::kReplaced), 1U);
}

TEST(ProxyTest, ATunnelThatIsMadeAnewInItsProcessEndsWhatItLeftBehind) {
  World world;
  Service service(world.loop);
  const auto given_up = lost_session(world, service, holder(1, 7));
  const auto next = world.daemon(holder(1, 7));
  ASSERT_TRUE(world.loop.run_until([&] { return service.sockets[0]->seen.closed.has_value(); }));
}

TEST(ProxyTest, OthersDoNotEndASessionThatIsKept) {
  World world;
  Service service(world.loop);
  const auto kept = lost_session(world, service, holder(1, 7));
  const auto other_tunnel = world.daemon(holder(1, 8));
  const auto other_machine = world.daemon(holder(2, 7, 2));
  const auto nobody_knows = world.daemon();
  EXPECT_EQ(world.proxy->sessions().size(), 4U);
  kept.daemon->resume();
  ASSERT_TRUE(world.loop.run_until([&] { return kept.daemon->side.resumed == 1; }));
  kept.stream.app->write("still here");
  ASSERT_TRUE(
      world.loop.run_until([&] { return service.sockets[0]->seen.received == "still here"; }));
}

TEST(ProxyTest, ASessionWhoseDaemonBeganAnewIsNotKeptOnceItIsLost) {
  Config config = World::config();
  config.limits.superseded_keep = std::chrono::milliseconds(50);
  config.limits.prune_every = std::chrono::milliseconds(20);
  World world(config);
  Service service(world.loop);
  const auto [before, stream] = world.served_by(service, holder(1));
  const auto next = world.daemon(holder(2));
  EXPECT_EQ(world.proxy->sessions().attached(), 2U);
  before->lose_carrier();
  ASSERT_TRUE(world.loop.run_until([&] { return service.sockets[0]->seen.closed.has_value(); }));
  EXPECT_EQ(world.proxy->sessions().size(), 1U);
}

TEST(ProxyTest, DrainingLetsStreamsEndAndTakesNoNewOnes) {
  World world;
  Service service(world.loop);
  const auto daemon = world.daemon();
  const auto stream = daemon->open(service.address());
  ASSERT_TRUE(world.loop.run_until([&] { return service.sockets.size() == 1; }));
  world.proxy->drain();
  ASSERT_TRUE(world.loop.run_until([&] { return daemon->side.going_away.size() == 1; }));
  EXPECT_EQ(daemon->side.going_away[0], Reason::kShuttingDown);
  EXPECT_FALSE(world.over);
  stream.app->write("last words");
  ASSERT_TRUE(
      world.loop.run_until([&] { return service.sockets[0]->seen.received == "last words"; }));
  stream.app->stream->shutdown();
  service.sockets[0]->stream->shutdown();
  ASSERT_TRUE(world.loop.run_until([&] { return world.over; }));
}

TEST(ProxyTest, DrainingEndsInTime) {
  Config config = World::config();
  config.drain_timeout = std::chrono::milliseconds(50);
  World world(config);
  Service service(world.loop);
  const auto daemon = world.daemon();
  const auto stream = daemon->open(service.address());
  ASSERT_TRUE(world.loop.run_until([&] { return service.sockets.size() == 1; }));
  world.proxy->drain();
  ASSERT_TRUE(world.loop.run_until([&] { return world.over; }));
}

}  // namespace
}  // namespace ferry::proxy
