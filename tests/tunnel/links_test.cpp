// Links: the daemon says which ports the proxy is to listen on, and the proxy opens the streams.
#include <gtest/gtest.h>

#include "tests/tunnel/hostile_peer.h"
#include "tests/tunnel/pair.h"

namespace ferry::tunnel {
namespace {

using testing::HostilePeer;
using testing::Pair;

class LinksTest : public ::testing::Test {
 protected:
  LinksTest() { pair_.establish(); }
  Session& daemon() { return pair_.daemon.session(); }
  testing::AppLinks& here() { return pair_.daemon.links; }
  testing::AppLinks& there() { return pair_.proxy.links; }

  Pair pair_;
};

TEST_F(LinksTest, AListenIsAnsweredWithWhatTheProxyCouldDo) {
  there().refuses = {81};
  ASSERT_TRUE(daemon().listen(80));
  ASSERT_TRUE(daemon().listen(81));
  ASSERT_TRUE(pair_.run());
  EXPECT_EQ(here().results[80], "ok");
  EXPECT_EQ(here().results[81], "refused:taken");
  EXPECT_EQ(there().listens, (std::set<std::uint16_t>{80}));
}

TEST_F(LinksTest, APortThatWasRefusedMayBeAskedForAgain) {
  there().refuses = {80};
  daemon().listen(80);
  ASSERT_TRUE(pair_.run());
  there().refuses.clear();
  ASSERT_TRUE(daemon().listen(80));
  ASSERT_TRUE(pair_.run());
  EXPECT_EQ(here().results[80], "ok");
}

TEST_F(LinksTest, AskingTwiceIsAskingOnce) {
  ASSERT_TRUE(daemon().listen(80));
  ASSERT_TRUE(daemon().listen(80));
  ASSERT_TRUE(pair_.run());
  EXPECT_FALSE(pair_.proxy.failure);
  EXPECT_EQ(there().listens.size(), 1U);
}

TEST_F(LinksTest, OnlyTheAnswerToTheLatestListenCounts) {
  there().refuses = {80};
  daemon().listen(80);
  while (pair_.proxy.session().stats().ring_bytes == 0) ASSERT_TRUE(pair_.step());
  pair_.down.stalled = true;  // the refusal is on its way
  there().refuses.clear();
  daemon().unlisten(80);
  daemon().listen(80);
  pair_.run();
  EXPECT_TRUE(here().results.empty());
  pair_.down.stalled = false;
  ASSERT_TRUE(pair_.run());
  EXPECT_EQ(here().results[80], "ok");
  EXPECT_EQ(there().listens.count(80), 1U);
}

TEST_F(LinksTest, AnUnlistenEndsTheListeningAndLeavesTheStreams) {
  daemon().listen(80);
  pair_.run();
  const StreamId id = pair_.proxy.open("10.0.0.9:5000", pair_.now);
  pair_.run();
  daemon().unlisten(80);
  pair_.proxy.send(id, "still here");
  ASSERT_TRUE(pair_.run());
  EXPECT_TRUE(there().listens.empty());
  EXPECT_EQ(pair_.daemon.stream(id).received, "still here");
  EXPECT_EQ(pair_.daemon.stream(id).target.kind, TargetKind::kLink);
  EXPECT_EQ(pair_.daemon.stream(id).target.host, "10.0.0.9:5000");
}

TEST_F(LinksTest, WhatIsAskedForWhileDetachedArrivesAfterwards) {
  pair_.reconnects = false;
  pair_.cut();
  ASSERT_TRUE(daemon().listen(80));
  for (int i = 0; i < 1001; ++i) daemon().set_ready(i % 2 == 0);
  EXPECT_LT(daemon().stats().ring_bytes, 32U) << "READY is said once, not each time";
  pair_.reconnects = true;
  ASSERT_TRUE(pair_.run());
  EXPECT_EQ(there().listens.size(), 1U);
  EXPECT_TRUE(there().peer_ready);
}

TEST_F(LinksTest, ReadyIsFalseUntilItIsSaid) {
  EXPECT_FALSE(there().peer_ready);
  daemon().set_ready(true);
  pair_.run();
  EXPECT_TRUE(there().peer_ready);
  daemon().set_ready(false);
  pair_.run();
  EXPECT_FALSE(there().peer_ready);
}

TEST_F(LinksTest, ReadyMayBeSetBeforeThereIsATunnel) {
  Pair fresh;
  fresh.daemon.session().set_ready(true);
  EXPECT_EQ(fresh.daemon.session().listen(80).error().code, ErrorCode::kUnavailable);
  fresh.establish();
  EXPECT_TRUE(fresh.proxy.links.peer_ready);
}

TEST_F(LinksTest, EachSideOpensItsOwnKindsOnly) {
  const Target link{"10.0.0.9:5000", 80, TargetKind::kLink};
  const Target service{"environment", 0, TargetKind::kService};
  EXPECT_EQ(daemon().open(link, pair_.now).error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(daemon().open(service, pair_.now));
  EXPECT_EQ(pair_.proxy.session().open(service, pair_.now).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(pair_.proxy.session().open({"host", 80}, pair_.now).error().code, ErrorCode::kInvalid);
  const Target port_missing{"10.0.0.9:5000", 0, TargetKind::kLink};
  EXPECT_EQ(pair_.proxy.session().open(port_missing, pair_.now).error().code, ErrorCode::kInvalid);
}

TEST_F(LinksTest, ThereAreAsManyAsTheLimitSays) {
  for (std::uint16_t port = 1; port <= kMaxLinks; ++port) ASSERT_TRUE(daemon().listen(port));
  EXPECT_EQ(daemon().listen(1000).error().code, ErrorCode::kExhausted);
  EXPECT_EQ(daemon().listen(0).error().code, ErrorCode::kInvalid);
  ASSERT_TRUE(pair_.run());
  daemon().unlisten(1);
  EXPECT_TRUE(daemon().listen(1000));
}

// --- an older peer -------------------------------------------------------------------------------

TEST(OldPeerTest, APeerWithoutLinksIsAskedForNone) {
  Session session(Role::kDaemon, {});
  const TimePoint now{std::chrono::hours(1)};
  session.attach(now);
  Hello hello;
  hello.version = "0.1.0";
  hello.features = 0;
  hello.max_streams = 10;
  hello.opening_credit = 1000;
  hello.keys = SessionKeys{};
  ASSERT_TRUE(session.receive(encode(hello).frame(), now));
  EXPECT_EQ(session.listen(80).error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(session.open({"environment", 0, TargetKind::kService}, now).error().code,
            ErrorCode::kUnsupported);
  EXPECT_TRUE(session.open({"host", 80}, now));
  session.set_ready(true);
  std::vector<Bytes> pieces;
  session.take_output(100'000, pieces, now);
  FrameReader reader;
  Frame one;
  for (Bytes piece : pieces) {
    while (reader.next(piece, one) == FrameReader::Outcome::kFrame) {
      EXPECT_FALSE(is_link_control(one.header.type));
    }
  }
}

// --- peers that break the rules ------------------------------------------------------------------

TEST(HostileLinksTest, ControlOfLinksFromTheWrongSideEndsTheSession) {
  for (const FrameType type : {FrameType::kListenOk, FrameType::kListenFail}) {
    HostilePeer peer(Role::kProxy);
    FrameBuilder one = testing::frame(type).u16(80);
    if (type == FrameType::kListenFail) one.u8(1);
    EXPECT_FALSE(peer.say(one));
    testing::expect_fails_over(peer, "from the wrong side");
  }
  for (const FrameType type : {FrameType::kListen, FrameType::kUnlisten}) {
    HostilePeer peer(Role::kDaemon);
    EXPECT_FALSE(peer.say(testing::frame(type).u16(80)));
    testing::expect_fails_over(peer, "from the wrong side");
  }
  HostilePeer ready(Role::kDaemon);
  EXPECT_FALSE(ready.say(testing::frame(FrameType::kReady).u8(1)));
}

TEST(HostileLinksTest, MalformedControlOfLinksEndsTheSession) {
  HostilePeer zero(Role::kProxy);
  EXPECT_FALSE(zero.say(testing::frame(FrameType::kListen).u16(0)));
  testing::expect_fails_over(zero, "port 0");
  HostilePeer with_stream(Role::kProxy);
  EXPECT_FALSE(with_stream.say(testing::frame(FrameType::kListen, 1).u16(80)));
  testing::expect_fails_over(with_stream, "with a stream");
  HostilePeer too_long(Role::kProxy);
  EXPECT_FALSE(too_long.say(testing::frame(FrameType::kUnlisten).u32(80)));
  testing::expect_fails_over(too_long, "wrong length");
  HostilePeer maybe(Role::kProxy);
  EXPECT_FALSE(maybe.say(testing::frame(FrameType::kReady).u8(2)));
  testing::expect_fails_over(maybe, "neither 0 nor 1");
}

TEST(HostileLinksTest, AnAnswerThatNobodyAskedForEndsTheSession) {
  HostilePeer peer(Role::kDaemon);
  ASSERT_TRUE(peer.session().listen(80));
  EXPECT_TRUE(peer.say(testing::frame(FrameType::kListenOk).u16(80)));
  EXPECT_FALSE(peer.say(testing::frame(FrameType::kListenOk).u16(80)));
  testing::expect_fails_over(peer, "never said");
}

TEST(HostileLinksTest, AListenTwiceEndsTheSession) {
  HostilePeer peer(Role::kProxy);
  EXPECT_TRUE(peer.say(testing::frame(FrameType::kListen).u16(80)));
  EXPECT_FALSE(peer.say(testing::frame(FrameType::kListen).u16(80)));
  testing::expect_fails_over(peer, "listened on already");
}

TEST(HostileLinksTest, AnUnlistenOfNothingIsIgnored) {
  HostilePeer peer(Role::kProxy);
  EXPECT_TRUE(peer.say(testing::frame(FrameType::kUnlisten).u16(80)));
}

TEST(HostileLinksTest, PortsBeyondTheLimitAreRefused) {
  HostilePeer peer(Role::kProxy);
  for (std::uint16_t port = 1; port <= kMaxLinks + 3; ++port) {
    ASSERT_TRUE(peer.say(testing::frame(FrameType::kListen).u16(port)));
  }
  EXPECT_EQ(peer.hear(FrameType::kListenFail).size(), 3U);
  EXPECT_TRUE(peer.say(testing::frame(FrameType::kUnlisten).u16(1)));
  EXPECT_TRUE(peer.say(testing::frame(FrameType::kListen).u16(9999)));
}

TEST(HostileLinksTest, ControlOfLinksBeyondTheRateEndsTheSession) {
  Options options;
  options.useless_per_second = 100;
  HostilePeer peer(Role::kProxy, options);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(peer.say(testing::frame(FrameType::kReady).u8(1)));
  EXPECT_FALSE(peer.say(testing::frame(FrameType::kReady).u8(1)));
  testing::expect_fails_over(peer, "too many frames");
}

TEST(HostileLinksTest, AStreamOfTheOtherSidesKindEndsTheSession) {
  Open dial;
  dial.target = {"host", 80, TargetKind::kDial};
  HostilePeer daemon(Role::kDaemon);
  EXPECT_FALSE(daemon.say(encode(2, dial)));
  testing::expect_fails_over(daemon, "a kind of ours");
  Open link;
  link.target = {"10.0.0.9:5000", 80, TargetKind::kLink};
  HostilePeer proxy(Role::kProxy);
  EXPECT_FALSE(proxy.say(encode(1, link)));
  Open service;
  service.target = {"environment", 80, TargetKind::kService};
  HostilePeer with_port(Role::kProxy);
  EXPECT_FALSE(with_port.say(encode(1, service)));
  testing::expect_fails_over(with_port, "malformed OPEN");
}

}  // namespace
}  // namespace ferry::tunnel
