#include "tunnel/io/session_io.h"

#include <algorithm>

#include "tests/tunnel/io/harness.h"

namespace ferry::tunnel {
namespace {

using namespace ferry::tunnel::testing;

TEST(SessionIoTest, CarriesBytesBothWays) {
  World world;
  world.begin();
  auto stream = world.open();
  stream.app->write("question");
  ASSERT_TRUE(world.loop.run_until([&] { return stream.service->seen.received == "question"; }));
  stream.service->write("answer");
  ASSERT_TRUE(world.loop.run_until([&] { return stream.app->seen.received == "answer"; }));
  const auto traffic = world.daemon.io->traffic(stream.id);
  ASSERT_TRUE(traffic.has_value());
  EXPECT_EQ(traffic->to_peer, 8U);
  EXPECT_EQ(traffic->from_peer, 6U);
}

TEST(SessionIoTest, WhatManySocketsSendAtOnceIsOneBatch) {
  World world;
  world.begin();
  constexpr int kStreams = 20;
  std::vector<World::Stream> streams;
  for (int i = 0; i < kStreams; ++i) streams.push_back(world.open());
  const auto all = [&](const char* text) {
    return world.loop.run_until([&, text] {
      return std::all_of(streams.begin(), streams.end(),
                         [&](const auto& one) { return one.service->seen.received == text; });
    });
  };
  world.carrier_writes = 0;
  for (auto& stream : streams) stream.app->write("x");
  ASSERT_TRUE(all("x"));
  EXPECT_LT(world.carrier_writes, kStreams / 4);  // an ACK may come between
}

TEST(SessionIoTest, HandsOnWhatCameBeforeTheDialWasDone) {
  World world;
  world.begin();
  auto [app, local] = world.socket();
  const auto id = world.daemon.io->open({"svc", 80}, std::move(local));
  ASSERT_TRUE(id.has_value());
  app->write("early bird");
  app->stream->shutdown();
  const auto brought = [&] {
    const auto traffic = world.proxy.io ? world.proxy.io->traffic(*id) : std::nullopt;
    return traffic && traffic->from_peer == 10;
  };
  ASSERT_TRUE(world.loop.run_until([&] {
    world.loop->post([&] { world.loop.poke(); });  // nothing tells of bytes that wait
    return brought();
  }));
  auto [service, dialled] = world.socket();
  world.proxy.io->accept(*id, std::move(dialled));
  ASSERT_TRUE(world.loop.run_until([&, &end = service] { return end->seen.ended; }));
  EXPECT_EQ(service->seen.received, "early bird");
}

TEST(SessionIoTest, KeepsTheOtherDirectionOpenAfterFin) {
  World world;
  world.begin();
  auto stream = world.open();
  stream.app->write("all of it");
  stream.app->stream->shutdown();
  ASSERT_TRUE(world.loop.run_until([&] { return stream.service->seen.ended; }));
  EXPECT_EQ(stream.service->seen.received, "all of it");
  EXPECT_FALSE(stream.app->seen.ended);
  stream.service->write("and the answer");
  stream.service->stream->shutdown();
  ASSERT_TRUE(
      world.loop.run_until([&] { return stream.app->seen.closed && stream.service->seen.closed; }));
  EXPECT_TRUE(stream.app->seen.closed_well());
  EXPECT_TRUE(stream.service->seen.closed_well());
  EXPECT_EQ(stream.app->seen.received, "and the answer");
  ASSERT_TRUE(world.loop.run_until(
      [&] { return world.daemon.ended.size() == 1 && world.proxy.ended.size() == 1; }));
  const StreamEnd& end = world.daemon.ended.at(stream.id);
  EXPECT_TRUE(end.opened);
  EXPECT_EQ(end.reason, Reason::kNone);
  EXPECT_EQ(end.traffic.to_peer, 9U);
  EXPECT_EQ(end.traffic.from_peer, 14U);
  EXPECT_EQ(world.daemon.io->stream_count(), 0U);
  EXPECT_EQ(world.proxy.io->stream_count(), 0U);
}

TEST(SessionIoTest, AResetArrivesAsAReset) {
  for (const bool from_app : {true, false}) {
    World world;
    world.begin();
    auto stream = world.open();
    Socket& cause = from_app ? *stream.app : *stream.service;
    Socket& effect = from_app ? *stream.service : *stream.app;
    cause.stream->reset();
    ASSERT_TRUE(world.loop.run_until([&] { return effect.seen.closed.has_value(); }));
    ASSERT_TRUE(effect.seen.closed_badly());
    EXPECT_EQ(effect.seen.error().code, ErrorCode::kReset);
    ASSERT_TRUE(world.loop.run_until(
        [&] { return world.daemon.ended.size() == 1 && world.proxy.ended.size() == 1; }));
    EXPECT_EQ(world.daemon.ended.at(stream.id).reason, Reason::kReset);
    EXPECT_EQ(world.proxy.ended.at(stream.id).reason, Reason::kReset);
  }
}

TEST(SessionIoTest, ARefusalResetsTheClientAndSaysWhy) {
  World world;
  world.begin();
  world.proxy.on_open = [&](StreamId stream, const Target& target) {
    EXPECT_EQ(target.host, "svc");
    world.proxy.io->refuse(stream, Reason::kRefused, "connection refused");
  };
  auto [app, local] = world.socket();
  const auto id = world.daemon.io->open({"svc", 80}, std::move(local));
  ASSERT_TRUE(id.has_value());
  ASSERT_TRUE(world.loop.run_until([&, &client = app] { return client->seen.closed.has_value(); }));
  EXPECT_EQ(app->seen.error().code, ErrorCode::kReset);
  const StreamEnd& end = world.daemon.ended.at(*id);
  EXPECT_FALSE(end.opened);
  EXPECT_EQ(end.reason, Reason::kRefused);
  EXPECT_EQ(end.detail, "connection refused");
}

TEST(SessionIoTest, ACancelledDialIsTold) {
  World world;
  world.begin();
  auto [app, local] = world.socket();
  const auto id = world.daemon.io->open({"svc", 80}, std::move(local));
  ASSERT_TRUE(id.has_value());
  ASSERT_TRUE(world.loop.run_until([&] { return world.proxy.opened.size() == 1; }));
  app->stream->reset();
  ASSERT_TRUE(world.loop.run_until([&] { return world.proxy.ended.size() == 1; }));
  // The dial may be done all the same, a moment too late.
  auto [service, dialled] = world.socket();
  world.proxy.io->accept(*id, std::move(dialled));
  ASSERT_TRUE(world.loop.run_until([&, &late = service] { return late->seen.closed.has_value(); }));
}

TEST(SessionIoTest, ASlowReaderStopsItsOwnWriterOnly) {
  World world;
  world.begin();
  auto slow = world.open();
  slow.service->stream->pause_reading();
  const std::string much = noise(64 * 1024 * 1024);
  slow.app->write(much);
  auto brisk = world.open();
  const std::string some = noise(4 * 1024 * 1024);
  brisk.app->write(some);
  ASSERT_TRUE(
      world.loop.run_until([&] { return brisk.service->seen.received.size() == some.size(); }));
  EXPECT_TRUE(brisk.service->seen.received == some);
  EXPECT_LT(world.daemon.io->traffic(slow.id)->to_peer, much.size());
  slow.service->stream->resume_reading();
  ASSERT_TRUE(
      world.loop.run_until([&] { return slow.service->seen.received.size() == much.size(); }));
  EXPECT_TRUE(slow.service->seen.received == much);
}

TEST(SessionIoTest, NoByteIsLostOrDoubledWhenTheTunnelIsCut) {
  World world;
  world.begin();
  auto stream = world.open();
  world.daemon.on_lost = [&] { world.resume(); };
  const std::string up = noise(24 * 1024 * 1024);
  const std::string down = noise(16 * 1024 * 1024);
  stream.app->write(up);
  stream.service->write(down);
  int cuts = 0;
  const std::size_t step = 3 * 1024 * 1024;
  stream.service->seen.on_event = [&] {
    if (world.relay.bytes() < static_cast<std::size_t>(cuts + 1) * step || cuts == 8) return;
    ++cuts;
    world.loop->post([&] { world.relay.cut(); });
  };
  ASSERT_TRUE(world.loop.run_until([&] {
    return stream.service->seen.received.size() >= up.size() &&
           stream.app->seen.received.size() >= down.size();
  }));
  EXPECT_TRUE(stream.service->seen.received == up);
  EXPECT_TRUE(stream.app->seen.received == down);
  EXPECT_GE(cuts, 3);
  EXPECT_GE(world.daemon.resumed, 3);
}

TEST(SessionIoTest, AStreamOpenedWithoutACarrierWaitsForTheNextOne) {
  World world;
  world.begin();
  world.relay.cut();
  ASSERT_TRUE(world.loop.run_until([&] { return world.daemon.lost.size() == 1; }));
  auto [app, local] = world.socket();
  const auto id = world.daemon.io->open({"svc", 80}, std::move(local));
  ASSERT_TRUE(id.has_value());
  app->write("patience");
  world.resume();
  ASSERT_TRUE(world.loop.run_until([&] { return world.proxy.opened.size() == 1; }));
  auto [service, dialled] = world.socket();
  world.proxy.io->accept(*id, std::move(dialled));
  ASSERT_TRUE(
      world.loop.run_until([&, &end = service] { return end->seen.received == "patience"; }));
}

TEST(SessionIoTest, GarbageOnTheCarrierEndsTheSessionAndResetsItsSockets) {
  World world;
  world.begin();
  auto stream = world.open();
  // A carrier that the daemon believes to be its proxy's, and isn't.
  auto pair = net::testing::connect_tcp(world.loop);
  world.daemon.io->resume(std::make_unique<Carrier>(std::move(pair.client)), Proof{});
  pair.server->write(as_bytes(noise(100000)));
  ASSERT_TRUE(world.loop.run_until([&] { return world.daemon.failed.has_value(); }));
  ASSERT_TRUE(world.loop.run_until([&] { return stream.app->seen.closed.has_value(); }));
  EXPECT_EQ(stream.app->seen.error().code, ErrorCode::kReset);
  EXPECT_EQ(world.daemon.io->stream_count(), 0U);
}

TEST(SessionIoTest, WhyASessionEndsGetsThroughToAPeerThatGoesOnSending) {
  World world;
  world.gate.options.resets_per_second = 0;
  world.begin();
  auto busy = world.open();
  auto other = world.open();
  busy.app->write(noise(8 * 1024 * 1024));
  other.app->stream->reset();
  ASSERT_TRUE(world.loop.run_until([&] { return world.daemon.failed.has_value(); }));
  EXPECT_EQ(world.daemon.failed->code, ErrorCode::kProtocol);
  EXPECT_NE(world.daemon.failed->summary().find("too many resets"), std::string::npos)
      << world.daemon.failed->summary();
}

TEST(SessionIoTest, MayBeLetGoFromWithinItsEvents) {
  World world;
  world.begin();
  auto stream = world.open();
  world.daemon.on_lost = [&] { world.loop->delete_later(std::move(world.daemon.io)); };
  world.relay.cut();
  ASSERT_TRUE(world.loop.run_until([&] { return stream.app->seen.closed.has_value(); }));
  EXPECT_EQ(stream.app->seen.error().code, ErrorCode::kReset);
}

TEST(SessionIoTest, TellsThatItIsGoing) {
  World world;
  world.begin();
  auto stream = world.open();
  world.proxy.io->go_away(Reason::kShuttingDown, Duration::zero());
  ASSERT_TRUE(world.loop.run_until([&] { return world.daemon.going_away.size() == 1; }));
  EXPECT_EQ(world.daemon.going_away[0], Reason::kShuttingDown);
  stream.app->write("still open");
  ASSERT_TRUE(world.loop.run_until([&] { return stream.service->seen.received == "still open"; }));
}

}  // namespace
}  // namespace ferry::tunnel
