// What a peer can do to a session that it shouldn't: each ends with a reason, none with harm.
#include <gtest/gtest.h>

#include "tests/tunnel/hostile_peer.h"

namespace ferry::tunnel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HostilePeer;

TEST(LimitsTest, DataBeyondItsCreditEndsTheSession) {
  HostilePeer peer(Role::kProxy);
  ASSERT_TRUE(peer.open(1, 1000));
  const std::size_t granted = Options{}.initial_credit;
  ASSERT_TRUE(peer.data(1, granted));
  EXPECT_FALSE(peer.data(1, 1));
  testing::expect_fails_over(peer, "DATA beyond its credit");
}

TEST(LimitsTest, ThePeerIsToldWhyTheSessionEnded) {
  HostilePeer peer(Role::kProxy);
  peer.data(1, 1);
  EXPECT_EQ(peer.hear(FrameType::kAbort).size(), 1U);
  EXPECT_FALSE(peer.session().wants_output());
}

TEST(LimitsTest, FramesForStreamsThatWereNeverOpenedEndTheSession) {
  for (const FrameType type : {FrameType::kData, FrameType::kFin, FrameType::kRst,
                               FrameType::kOpenOk, FrameType::kOpenFail, FrameType::kSkip}) {
    for (const StreamId id : {1U, 2U, 0U}) {
      HostilePeer peer(Role::kProxy);
      FrameBuilder one(type, id);
      if (type == FrameType::kData || type == FrameType::kRst || type == FrameType::kOpenFail) {
        one.u8(1);
      }
      if (type == FrameType::kSkip) one.u32(1);
      EXPECT_FALSE(peer.say(one));
      testing::expect_fails_over(peer, "never opened");
    }
  }
  HostilePeer peer(Role::kProxy);
  EXPECT_FALSE(peer.say(testing::frame(FrameType::kCredit, 9).u64(100)));
}

TEST(LimitsTest, IdsAreTheOpenersAndOnlyGoUp) {
  HostilePeer wrong_kind(Role::kProxy);
  EXPECT_FALSE(wrong_kind.open(2));
  HostilePeer again(Role::kProxy);
  EXPECT_TRUE(again.open(5));
  EXPECT_FALSE(again.open(5));
  HostilePeer lower(Role::kProxy);
  EXPECT_TRUE(lower.open(5));
  EXPECT_FALSE(lower.open(3));
  testing::expect_fails_over(lower, "an id that is not the peer's");
}

TEST(LimitsTest, FramesOutOfOrderForTheirStreamEndTheSession) {
  HostilePeer data_after_fin(Role::kProxy);
  data_after_fin.open(1, 100);
  EXPECT_TRUE(data_after_fin.say(testing::frame(FrameType::kFin, 1)));
  EXPECT_FALSE(data_after_fin.data(1, 1));
  HostilePeer two_fins(Role::kProxy);
  two_fins.open(1, 100);
  two_fins.say(testing::frame(FrameType::kFin, 1));
  EXPECT_FALSE(two_fins.say(testing::frame(FrameType::kFin, 1)));
  HostilePeer answer_to_itself(Role::kProxy);
  answer_to_itself.open(1, 100);
  EXPECT_FALSE(answer_to_itself.say(testing::frame(FrameType::kOpenOk, 1)));
  HostilePeer data_first(Role::kDaemon);
  const auto id = data_first.session().open({"host", 80}, TimePoint{std::chrono::hours(1)});
  ASSERT_TRUE(id);
  EXPECT_FALSE(data_first.data(*id, 1)) << "before OPEN_OK";
  testing::expect_fails_over(data_first, "DATA out of order");
}

TEST(LimitsTest, UnknownSequencedTypesEndTheSessionAndOthersAreIgnored) {
  HostilePeer sequenced(Role::kProxy);
  sequenced.open(1, 100);
  EXPECT_FALSE(sequenced.say(testing::frame(static_cast<FrameType>(0x1f), 1)));
  HostilePeer unsequenced(Role::kProxy);
  EXPECT_TRUE(unsequenced.say(testing::frame(static_cast<FrameType>(0xc0)).u64(1)));
}

TEST(LimitsTest, OffsetsFromNowhereEndTheSession) {
  HostilePeer ack(Role::kProxy);
  EXPECT_FALSE(ack.say(testing::frame(FrameType::kAck).u64(1)));
  testing::expect_fails_over(ack, "ACK with an offset");
  HostilePeer credit(Role::kDaemon);
  const auto id = credit.session().open({"host", 80}, TimePoint{std::chrono::hours(1)});
  credit.say(testing::frame(FrameType::kOpenOk, *id));
  EXPECT_FALSE(credit.say(testing::frame(FrameType::kCredit, *id).u64(1)));
  testing::expect_fails_over(credit, "CREDIT went down");
}

TEST(LimitsTest, ClaimsBeyondTheOpeningCreditEndTheSession) {
  HostilePeer peer(Role::kProxy);
  EXPECT_FALSE(peer.open(1, static_cast<std::uint32_t>(Options{}.window_budget)));
  testing::expect_fails_over(peer, "claims too much");
}

TEST(LimitsTest, StreamsBeyondTheMaximumAreRefused) {
  Options options;
  options.max_streams = 10;
  HostilePeer peer(Role::kProxy, options);
  for (StreamId id = 1; id < 2 * 14; id += 2) ASSERT_TRUE(peer.open(id));
  EXPECT_EQ(peer.opened.size(), 10U);
  const std::vector<StreamId> refused = peer.hear(FrameType::kOpenFail);
  EXPECT_EQ(refused, (std::vector<StreamId>{21, 23, 25, 27}));
  EXPECT_TRUE(peer.data(21, 1)) << "it couldn't know";
}

TEST(LimitsTest, OpensBeyondTheRateAreRefused) {
  Options options;
  options.opens_per_second = 5;
  HostilePeer peer(Role::kProxy, options);
  for (StreamId id = 1; id < 2 * 8; id += 2) ASSERT_TRUE(peer.open(id));
  EXPECT_EQ(peer.hear(FrameType::kOpenFail).size(), 3U);
  peer.pass(std::chrono::seconds(1));
  ASSERT_TRUE(peer.open(101));
  EXPECT_EQ(peer.opened.back(), 101U);
}

TEST(LimitsTest, ResetsBeyondTheRateEndTheSession) {
  Options options;
  options.resets_per_second = 5;
  HostilePeer peer(Role::kProxy, options);
  StreamId id = 1;
  for (int i = 0; i < 5; ++i, id += 2) {
    peer.open(id);
    ASSERT_TRUE(peer.say(testing::frame(FrameType::kRst, id).u8(1)));
  }
  peer.open(id);
  EXPECT_FALSE(peer.say(testing::frame(FrameType::kRst, id).u8(1)));
  testing::expect_fails_over(peer, "too many resets");
}

TEST(LimitsTest, UselessFramesBeyondTheRateEndTheSession) {
  Options options;
  options.useless_per_second = 100;
  HostilePeer peer(Role::kProxy, options);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(peer.say(testing::frame(FrameType::kPing).u64(1)));
  EXPECT_FALSE(peer.say(testing::frame(FrameType::kAck).u64(0)));
  testing::expect_fails_over(peer, "change nothing");
}

TEST(LimitsTest, WhatWasOnItsWayToAStreamThatIsGoneIsNotHeldAgainstThePeer) {
  Options options;
  options.useless_per_second = 100;
  HostilePeer peer(Role::kProxy, options);
  constexpr std::size_t kClaim = 16384;
  ASSERT_TRUE(peer.open(1, kClaim));
  peer.session().reset(1, Reason::kCancelled);
  for (std::size_t i = 0; i < kClaim; ++i) ASSERT_TRUE(peer.data(1, 1)) << peer.failure();
  int more = 0;
  while (more < 1'000'000 && peer.data(1, 1)) ++more;
  testing::expect_fails_over(peer, "change nothing");
}

TEST(LimitsTest, APeerThatMakesUsAnswerAndAcknowledgesNothingEndsTheSession) {
  Options options;
  options.max_streams = 16;
  options.ring_start = options.ring_max = 65536;
  options.control_backlog = 10'000;
  options.opens_per_second = 1'000'000;
  HostilePeer peer(Role::kProxy, options);
  StreamId id = 1;
  while (peer.open(id) && id < 100'000) id += 2;
  testing::expect_fails_over(peer, "acknowledges no answers");
  EXPECT_GT(id, 1000U);
}

TEST(LimitsTest, APeerThatHasItAndAcknowledgesNothingEndsTheSession) {
  HostilePeer peer(Role::kProxy);
  ASSERT_TRUE(peer.open(1));
  for (int second = 0; second < 60 && peer.failure().empty(); ++second) {
    peer.wait(seconds(1));
    peer.answer_ping();
  }
  expect_fails_over(peer, "acknowledges nothing");
}

TEST(LimitsTest, APeerThatIsNeverSilentIsAskedAsWell) {
  HostilePeer peer(Role::kProxy);
  ASSERT_TRUE(peer.open(1));
  for (int turn = 0; turn < 600 && peer.failure().empty(); ++turn) {
    peer.wait(milliseconds(100));
    peer.say(testing::frame(FrameType::kPing).u64(7));
    peer.answer_ping();
  }
  expect_fails_over(peer, "acknowledges nothing");
}

TEST(LimitsTest, APeerThatAcknowledgesALittleNowAndThenIsLeftAlone) {
  HostilePeer peer(Role::kProxy);
  constexpr StreamId kStreams = 10;
  for (StreamId id = 1; id < 2 * kStreams; id += 2) ASSERT_TRUE(peer.open(id));
  for (std::uint64_t step = 1; step < kStreams; ++step) {
    for (int second = 0; second < 14; ++second) {
      peer.wait(seconds(1));
      peer.answer_ping();
    }
    ASSERT_TRUE(peer.say(testing::frame(FrameType::kAck).u64(step * kHeaderSize)))
        << peer.failure();
  }
}

// A full line: what was sent, the PINGs among it, is still on the way.
TEST(LimitsTest, WhatMayNotHaveArrivedIsNotHeldAgainstThePeer) {
  HostilePeer peer(Role::kProxy);
  ASSERT_TRUE(peer.open(1));
  for (int turn = 0; turn < 600; ++turn) {
    peer.wait(milliseconds(100));
    ASSERT_TRUE(peer.say(testing::frame(FrameType::kPing).u64(7))) << peer.failure();
  }
  EXPECT_FALSE(peer.carrier_died);
}

// Without a PONG nothing says what has arrived. Its session can go on over another carrier.
TEST(LimitsTest, APeerThatTalksAndNeverAnswersLosesItsCarrier) {
  HostilePeer peer(Role::kProxy);
  ASSERT_TRUE(peer.open(1));
  Duration talked{};
  while (!peer.carrier_died && talked < std::chrono::hours(1)) {
    peer.wait(milliseconds(300));
    talked += milliseconds(300);
    ASSERT_TRUE(peer.say(testing::frame(FrameType::kPing).u64(7))) << peer.failure();
  }
  EXPECT_GE(talked, Options{}.pong_patience);
  EXPECT_LE(talked, Options{}.pong_patience + seconds(1));
  EXPECT_EQ(peer.session().stats().streams, 1U);
}

// A very slow way, on which the PING itself waits.
TEST(LimitsTest, APeerThatTalksAndAcknowledgesALittleKeepsItsCarrier) {
  HostilePeer peer(Role::kProxy);
  constexpr StreamId kStreams = 5;
  for (StreamId id = 1; id < 2 * kStreams; id += 2) ASSERT_TRUE(peer.open(id));
  for (std::uint64_t step = 1; step < kStreams; ++step) {
    for (Duration talked{}; talked < Options{}.pong_patience - seconds(5); talked += seconds(1)) {
      peer.wait(milliseconds(500));
      peer.say(testing::frame(FrameType::kPing).u64(7));
      peer.wait(milliseconds(500));
      peer.say(testing::frame(FrameType::kPing).u64(7));
    }
    ASSERT_TRUE(peer.say(testing::frame(FrameType::kAck).u64(step * kHeaderSize)))
        << peer.failure();
    ASSERT_FALSE(peer.carrier_died);
  }
}

// It keeps silent until it is asked again, and then answers what it was asked before.
TEST(LimitsTest, APeerWhoseAnswersAreAlwaysLateMustAcknowledgeAsWell) {
  HostilePeer peer(Role::kProxy);
  ASSERT_TRUE(peer.open(1));
  std::uint64_t answered = 0;
  for (int turn = 0; turn < 100 && peer.failure().empty(); ++turn) {
    peer.wait(milliseconds(1100));
    if (peer.pings() <= answered + 1) continue;
    peer.say(testing::frame(FrameType::kPong).u64(++answered));
  }
  EXPECT_GT(answered, 1U);
  expect_fails_over(peer, "acknowledges nothing");
}

TEST(LimitsTest, PingsAreAnsweredOnceHoweverManyCame) {
  HostilePeer peer(Role::kProxy);
  for (int i = 0; i < 1000; ++i) peer.say(testing::frame(FrameType::kPing).u64(7));
  EXPECT_EQ(peer.hear(FrameType::kPong).size(), 1U);
}

TEST(LimitsTest, HandshakeFramesInTheMiddleEndTheSession) {
  HostilePeer hello(Role::kProxy);
  EXPECT_FALSE(hello.say(encode(Hello{})));
  HostilePeer resume(Role::kProxy);
  EXPECT_FALSE(resume.say(encode(Resume{})));
  HostilePeer resume_ok(Role::kDaemon);
  EXPECT_FALSE(resume_ok.say(testing::frame(FrameType::kResumeOk).u64(0)));
  HostilePeer wrong_length(Role::kProxy);
  EXPECT_FALSE(wrong_length.say(testing::frame(FrameType::kPing).u8(1)));
  testing::expect_fails_over(wrong_length, "wrong length");
}

TEST(LimitsTest, AnAbortSaysWhyOnTheOtherSide) {
  HostilePeer peer(Role::kDaemon);
  EXPECT_FALSE(peer.say(testing::frame(FrameType::kAbort).text("I tripped", 64)));
  testing::expect_fails_over(peer, "I tripped");
  EXPECT_TRUE(peer.hear(FrameType::kAbort).empty()) << "not thrown back";
}

TEST(VersionTest, OtherProtocolVersionsAreNamedOnBothSides) {
  Options options;
  options.version = "0.2.0";
  Session proxy(Role::kProxy, options);
  const TimePoint now{std::chrono::hours(1)};
  proxy.attach(now);
  FrameBuilder hello(FrameType::kHello);
  hello.u32(0x46525259).u16(0).u8(5).text("0.1.0", 5);
  const Status status = proxy.receive(hello.frame(), now);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kVersionMismatch);
  EXPECT_EQ(status.error().why,
            "ferry-proxy 0.2.0 speaks tunnel protocol 1, ferryd 0.1.0 speaks tunnel protocol 0");
  EXPECT_EQ(status.error().fix, "upgrade ferryd");
  // The other side learns of it by our HELLO.
  std::vector<Bytes> pieces;
  ASSERT_GT(proxy.take_output(1000, pieces, now), 0U);
  const auto said = decode_hello(pieces.at(0).subspan(kHeaderSize));
  ASSERT_TRUE(said);
  EXPECT_EQ(said->protocol, kProtocolVersion);
}

}  // namespace
}  // namespace ferry::tunnel
