#include "tunnel/session.h"

#include <gtest/gtest.h>

#include "tests/tunnel/pair.h"

namespace ferry::tunnel {
namespace {

using testing::Endpoint;
using testing::Pair;

TEST(SessionTest, HelloEstablishesBothSidesAndTellsTheKeys) {
  Options daemon_options;
  daemon_options.version = "0.1.0";
  Options proxy_options;
  proxy_options.version = "0.1.7";
  Pair pair(daemon_options, proxy_options);
  pair.establish();
  EXPECT_TRUE(pair.daemon.established);
  EXPECT_TRUE(pair.proxy.established);
  EXPECT_EQ(pair.daemon.session().keys().secret, testing::kTestKeys.secret);
}

TEST(SessionTest, ARefusedHelloSaysWhy) {
  Session session(Role::kDaemon, Options{});
  const TimePoint now{std::chrono::hours(1)};
  session.attach(now);
  EXPECT_FALSE(session.receive(encode_refusal("no room"), now));
  const auto event = session.poll_event();
  ASSERT_TRUE(event && std::holds_alternative<Failed>(*event));
  EXPECT_EQ(std::get<Failed>(*event).error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(std::get<Failed>(*event).error.why, "the peer refused: no room");
}

TEST(SessionTest, DataSentAtOnceArrivesBehindItsOpen) {
  Pair pair;
  pair.establish();
  const StreamId id = pair.daemon.open("app.default.svc", pair.now);
  ASSERT_EQ(id, 1U);
  pair.daemon.send(id, "GET / HTTP/1.1");
  ASSERT_TRUE(pair.run());
  EXPECT_EQ(pair.proxy.stream(id).target.host, "app.default.svc");
  EXPECT_EQ(pair.proxy.stream(id).target.port, 80);
  EXPECT_EQ(pair.proxy.stream(id).received, "GET / HTTP/1.1");
  EXPECT_TRUE(pair.daemon.stream(id).answered);
}

TEST(SessionTest, TheProxyOpensStreamsWithEvenIds) {
  Pair pair;
  pair.establish();
  const StreamId id = pair.proxy.open("link-1", pair.now);
  EXPECT_EQ(id, 2U);
  pair.proxy.send(id, "hello");
  ASSERT_TRUE(pair.run());
  EXPECT_EQ(pair.daemon.stream(id).received, "hello");
}

TEST(SessionTest, FinishingOneWayLeavesTheOtherOpen) {
  Pair pair;
  pair.establish();
  const StreamId id = pair.daemon.open("app", pair.now);
  pair.daemon.send(id, "request");
  pair.daemon.finish(id);
  ASSERT_TRUE(pair.run());
  EXPECT_TRUE(pair.proxy.stream(id).finished);
  EXPECT_EQ(pair.proxy.stream(id).end, "");

  pair.proxy.send(id, std::string(1'000'000, 'x'));
  pair.proxy.finish(id);
  ASSERT_TRUE(pair.run());
  EXPECT_EQ(pair.daemon.stream(id).received.size(), 1'000'000U);
  EXPECT_EQ(pair.daemon.stream(id).end, "closed");
  EXPECT_EQ(pair.proxy.stream(id).end, "closed");
  EXPECT_EQ(pair.daemon.session().stats().streams, 0U);
}

TEST(SessionTest, AStreamIsClosedOnlyWhenAllOfItIsConsumed) {
  Pair pair;
  pair.establish();
  const StreamId id = pair.daemon.open("app", pair.now);
  pair.proxy.stream(id).consumes = false;
  pair.daemon.send(id, "abc");
  pair.daemon.finish(id);
  ASSERT_TRUE(pair.run());
  pair.proxy.finish(id);
  ASSERT_TRUE(pair.run());
  EXPECT_EQ(pair.daemon.stream(id).end, "closed");
  EXPECT_EQ(pair.proxy.stream(id).end, "");
  pair.proxy.consume(id, 3);
  pair.proxy.drain();
  EXPECT_EQ(pair.proxy.stream(id).end, "closed");
}

TEST(SessionTest, ARefusalCarriesItsReasonAndWords) {
  Pair pair;
  pair.establish();
  pair.proxy.on_opened = [](Endpoint& end, StreamId id) {
    end.session().refuse(id, Reason::kRefused, "connection refused");
  };
  const StreamId id = pair.daemon.open("app", pair.now);
  ASSERT_TRUE(pair.run());
  EXPECT_EQ(pair.daemon.stream(id).end, "refused:refused:connection refused");
  EXPECT_EQ(pair.proxy.session().stats().streams, 0U);
}

// All of it comes at once: it is refused when its reset is known already.
TEST(SessionTest, ARefusedStreamHasNoFurtherEvents) {
  Pair pair;
  pair.establish();
  pair.proxy.on_opened = [](Endpoint& end, StreamId id) {
    end.session().refuse(id, Reason::kRefused, "connection refused");
  };
  const StreamId id = pair.daemon.open("app", pair.now);
  pair.daemon.send(id, "early");
  pair.daemon.reset(id);
  ASSERT_TRUE(pair.run());
  ASSERT_EQ(pair.proxy.stream(id).target.host, "app");
  EXPECT_EQ(pair.proxy.stream(id).received, "");
  EXPECT_EQ(pair.proxy.stream(id).end, "");
  EXPECT_EQ(pair.proxy.session().stats().streams, 0U);
}

TEST(SessionTest, ResetReleasesTheWindow) {
  Pair pair;
  pair.establish();
  const std::size_t before = pair.proxy.session().stats().credit_granted;
  const StreamId id = pair.daemon.open("app", pair.now);
  pair.proxy.stream(id).consumes = false;
  pair.daemon.send(id, std::string(100'000, 'x'));
  ASSERT_TRUE(pair.run());
  EXPECT_GT(pair.proxy.stream(id).unconsumed, 0U);
  pair.daemon.reset(id);
  ASSERT_TRUE(pair.run());
  EXPECT_EQ(pair.proxy.stream(id).end, "reset:cancelled");
  EXPECT_LE(pair.proxy.session().stats().credit_granted, before - 200'000)
      << "the claim came out of what was granted before";
  EXPECT_EQ(pair.proxy.session().stats().streams, 0U);
}

TEST(SessionTest, BytesAreAcknowledgedAndTheRingForgetsThem) {
  Pair pair;
  pair.establish();
  const StreamId id = pair.daemon.open("app", pair.now);
  pair.daemon.send(id, std::string(5'000'000, 'x'));
  ASSERT_TRUE(pair.run());
  EXPECT_EQ(pair.proxy.stream(id).received.size(), 5'000'000U);
  EXPECT_EQ(pair.daemon.session().stats().ring_bytes, 0U);
}

TEST(SessionTest, TargetsOutOfTheirRangeAreNotOpened) {
  Pair pair;
  EXPECT_EQ(pair.daemon.session().open({"app", 80}, pair.now).error().code,
            ErrorCode::kUnavailable);
  pair.establish();
  Session& session = pair.daemon.session();
  EXPECT_EQ(session.open({"app", 0}, pair.now).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(session.open({"", 80}, pair.now).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(session.open({std::string(256, 'a'), 80}, pair.now).error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(session.open({std::string(255, 'a'), 80}, pair.now));
}

TEST(SessionTest, NoMoreStreamsAreOpenedThanEitherSideAllows) {
  Options few;
  few.max_streams = 2;
  Pair pair(Options{}, few);
  pair.establish();
  EXPECT_NE(pair.daemon.open("app", pair.now), 0U);
  EXPECT_NE(pair.daemon.open("app", pair.now), 0U);
  EXPECT_EQ(pair.daemon.session().open({"app", 80}, pair.now).error().code, ErrorCode::kExhausted);
}

TEST(SessionTest, AResetStreamHasNoFurtherEvents) {
  Pair pair;
  pair.establish();
  const StreamId id = pair.daemon.open("app", pair.now);
  ASSERT_TRUE(pair.run());
  pair.proxy.send(id, "late");
  pair.proxy.finish(id);
  pair.daemon.reset(id);
  ASSERT_TRUE(pair.run());
  EXPECT_EQ(pair.daemon.stream(id).received, "");
  EXPECT_FALSE(pair.daemon.stream(id).finished);
  EXPECT_EQ(pair.daemon.stream(id).end, "local");
  EXPECT_EQ(pair.proxy.stream(id).end, "reset:cancelled");
}

TEST(SessionTest, GoingAwayIsToldAndStopsNewStreams) {
  Pair pair;
  pair.establish();
  pair.proxy.session().go_away(Reason::kShuttingDown, std::chrono::seconds(3));
  ASSERT_TRUE(pair.run());
  ASSERT_TRUE(pair.daemon.going_away.has_value());
  EXPECT_EQ(pair.daemon.going_away->reconnect_in, std::chrono::seconds(3));
  EXPECT_EQ(pair.daemon.session().open({"app", 80}, pair.now).error().code,
            ErrorCode::kUnavailable);
  pair.cut();
  ASSERT_TRUE(pair.run());
  EXPECT_NE(pair.daemon.open("app", pair.now), 0U) << "the one who resumed it is there";
}

TEST(SessionTest, TheRoundTripIsMeasured) {
  Pair pair;
  pair.establish();
  ASSERT_TRUE(pair.daemon.session().stats().round_trip.has_value());
  EXPECT_LT(*pair.daemon.session().stats().round_trip, std::chrono::milliseconds(1));
}

TEST(SessionTest, AStalledCarrierIsFoundDead) {
  Pair pair;
  pair.establish();
  pair.up.stalled = pair.down.stalled = true;
  pair.pass(std::chrono::seconds(19));
  EXPECT_FALSE(pair.daemon.carrier_dead);
  pair.pass(std::chrono::seconds(2));
  EXPECT_TRUE(pair.daemon.carrier_dead);
  EXPECT_TRUE(pair.proxy.carrier_dead);
}

TEST(SessionTest, AnIdleCarrierIsKeptAlive) {
  Pair pair;
  pair.establish();
  const std::uint64_t before = pair.up.delivered;
  pair.pass(std::chrono::minutes(10));
  EXPECT_FALSE(pair.daemon.carrier_dead);
  EXPECT_FALSE(pair.proxy.carrier_dead);
  EXPECT_GT(pair.up.delivered, before);
}

TEST(SessionTest, AfterASleepTheCarrierIsAskedBeforeItIsJudged) {
  Pair pair;
  pair.establish();
  pair.up.stalled = pair.down.stalled = true;
  pair.pass(std::chrono::seconds(18));
  pair.now += std::chrono::hours(8);
  pair.up.stalled = pair.down.stalled = false;
  pair.pass(std::chrono::seconds(8));
  EXPECT_FALSE(pair.daemon.carrier_dead);
  EXPECT_FALSE(pair.proxy.carrier_dead);
}

TEST(SessionTest, AHelloWithoutAnswerIsACarrierThatIsDead) {
  Pair pair;
  pair.up.stalled = true;
  pair.connect();
  pair.pass(std::chrono::seconds(11));
  EXPECT_TRUE(pair.daemon.carrier_dead);
  EXPECT_FALSE(pair.daemon.established);
}

}  // namespace
}  // namespace ferry::tunnel
