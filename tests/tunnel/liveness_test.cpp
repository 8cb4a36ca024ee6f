#include "tunnel/liveness.h"

#include <gtest/gtest.h>

namespace ferry::tunnel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Verdict = Liveness::Verdict;

class LivenessTest : public ::testing::Test {
 protected:
  LivenessTest() {
    liveness_.start(now_);
    liveness_.established(now_);
    liveness_.ping(now_);
    liveness_.pong(1, now_);
  }

  // Goes to the next deadline, as an awake caller does.
  Verdict wait(bool awaiting = false) {
    now_ = liveness_.deadline(awaiting).value() + milliseconds(3);
    EXPECT_FALSE(liveness_.wake(now_));
    return liveness_.on_timeout(now_, awaiting);
  }

  // A PING, and its answer so much later.
  void measure(Duration round_trip) {
    const std::uint64_t number = liveness_.ping(now_);
    now_ += round_trip;
    liveness_.heard(now_, kFew);
    liveness_.pong(number, now_);
  }

  // The peer talks for so long, and answers nothing.
  Verdict talk(Duration time, bool awaiting = true) {
    const TimePoint end = now_ + time;
    Verdict verdict = Verdict::kAlive;
    while (now_ < end && verdict == Verdict::kAlive) {
      now_ += milliseconds(500);
      EXPECT_FALSE(liveness_.wake(now_));
      liveness_.heard(now_, kMany);
      verdict = liveness_.on_timeout(now_, awaiting);
      if (liveness_.wants_ping()) liveness_.ping(now_);
    }
    return verdict;
  }

  // Bytes: as a PING or two have, and as a transfer.
  static constexpr std::size_t kFew = 50;
  static constexpr std::size_t kMany = 1400;

  const Options options_;
  Liveness liveness_{options_};
  TimePoint now_{seconds(1000)};
};

TEST_F(LivenessTest, SilenceIsAskedTwiceAndThenJudged) {
  EXPECT_FALSE(liveness_.wants_ping());
  EXPECT_EQ(wait(), Verdict::kAlive);
  EXPECT_TRUE(liveness_.wants_ping());
  liveness_.ping(now_);
  EXPECT_EQ(wait(), Verdict::kInDoubt);
  EXPECT_EQ(now_ - TimePoint{seconds(1000)}, milliseconds(10'506));
  EXPECT_EQ(wait(), Verdict::kAlive);
  EXPECT_TRUE(liveness_.wants_ping());
  EXPECT_TRUE(liveness_.in_doubt());
  EXPECT_EQ(wait(), Verdict::kDead);
  EXPECT_EQ(now_ - TimePoint{seconds(1000)}, seconds(20) + milliseconds(9));
  EXPECT_FALSE(liveness_.deadline(true).has_value());
}

TEST_F(LivenessTest, ItIsAskedSoonerWhileAnAcknowledgementIsAwaited) {
  EXPECT_EQ(wait(true), Verdict::kAlive);
  EXPECT_TRUE(liveness_.wants_ping());
  EXPECT_EQ(now_ - TimePoint{seconds(1000)}, milliseconds(1003));
  EXPECT_EQ(wait(true), Verdict::kInDoubt);
  EXPECT_EQ(now_ - TimePoint{seconds(1000)}, milliseconds(1506));
}

TEST_F(LivenessTest, WhatIsSentAfterALongSilenceIsAskedForAtOnce) {
  now_ += seconds(7);
  EXPECT_EQ(liveness_.on_timeout(now_, false), Verdict::kAlive);
  EXPECT_FALSE(liveness_.wants_ping());
  EXPECT_FALSE(liveness_.wake(now_)) << "nothing was missed";
  EXPECT_EQ(liveness_.on_timeout(now_, true), Verdict::kAlive);
  EXPECT_TRUE(liveness_.wants_ping());
  EXPECT_EQ(*liveness_.deadline(true), now_ + options_.doubt);
}

// The peer's own PING, sent during an outage, comes at its end; what goes to the peer waits for the
// kernel to repeat itself.
TEST_F(LivenessTest, AFewBytesThatWereUnderWayAnswerNothing) {
  for (const bool before : {true, false}) {
    now_ += seconds(2);
    const TimePoint sent = now_;
    if (before) liveness_.heard(now_, kFew);
    EXPECT_EQ(liveness_.on_timeout(now_, true), Verdict::kAlive);
    EXPECT_TRUE(liveness_.wants_ping());
    const std::uint64_t number = liveness_.ping(now_);
    now_ += milliseconds(10);
    if (!before) liveness_.heard(now_, kFew);
    EXPECT_EQ(wait(true), Verdict::kInDoubt);
    EXPECT_EQ(now_ - sent, options_.doubt + milliseconds(3));
    EXPECT_TRUE(liveness_.pong(number, now_));
    EXPECT_FALSE(liveness_.in_doubt());
  }
}

TEST_F(LivenessTest, MoreBytesAndAnAcknowledgementEndTheSilence) {
  const auto ask = [&] {
    now_ += seconds(2);
    liveness_.on_timeout(now_, true);
    EXPECT_EQ(*liveness_.deadline(true), now_ + options_.doubt);
  };
  ask();
  liveness_.heard(now_, kMany);
  EXPECT_EQ(*liveness_.deadline(true), now_ + options_.answer_idle);
  ask();
  liveness_.heard(now_, kFew);
  liveness_.acknowledged(now_);
  EXPECT_EQ(*liveness_.deadline(true), now_ + options_.answer_idle);
}

TEST_F(LivenessTest, AFewBytesKeepACarrierInDoubtFromItsEnd) {
  now_ += seconds(2);
  liveness_.on_timeout(now_, true);
  liveness_.ping(now_);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(wait(true), i % 2 == 0 ? Verdict::kInDoubt : Verdict::kAlive);
    if (i % 2 == 0) liveness_.heard(now_, kFew);
    if (liveness_.wants_ping()) liveness_.ping(now_);
  }
}

TEST_F(LivenessTest, ALongWayIsGivenThreeRoundTrips) {
  for (int i = 0; i < 4; ++i) measure(seconds(1));
  EXPECT_EQ(*liveness_.deadline(true), now_ + seconds(3));
  wait(true);
  EXPECT_EQ(*liveness_.deadline(true), now_ + seconds(3));
}

TEST_F(LivenessTest, AnswersThatAnOutageHeldBackMakeNoLongWay) {
  for (int i = 0; i < 3; ++i) measure(seconds(3));
  EXPECT_EQ(*liveness_.deadline(true), now_ + options_.answer_idle);
  EXPECT_EQ(liveness_.round_trip(), Duration::zero()) << "as the fixture measured it";
}

TEST_F(LivenessTest, AnotherCarrierIsMeasuredAnew) {
  liveness_.start(now_);
  liveness_.established(now_);
  EXPECT_EQ(liveness_.round_trip(), Duration::zero()) << "until it is known";
  measure(milliseconds(70));
  EXPECT_EQ(liveness_.round_trip(), milliseconds(70));
}

TEST_F(LivenessTest, ACarrierWhoseAnswersTookVeryLongIsJudgedAllTheSame) {
  for (int i = 0; i < 4; ++i) measure(seconds(9));
  EXPECT_EQ(wait(true), Verdict::kAlive);
  EXPECT_EQ(wait(true), Verdict::kInDoubt);
  EXPECT_EQ(wait(true), Verdict::kAlive);
  EXPECT_EQ(wait(true), Verdict::kDead);
}

TEST_F(LivenessTest, AskingAgainGivesTheCarrierNoMoreTime) {
  liveness_.probe(now_);
  const TimePoint judged = now_ + seconds(10);
  for (Verdict verdict = Verdict::kAlive; verdict == Verdict::kAlive; now_ += seconds(1)) {
    ASSERT_LE(now_, judged);
    liveness_.probe(now_);
    EXPECT_TRUE(liveness_.wants_ping());
    liveness_.ping(now_);
    verdict = liveness_.on_timeout(now_, false);
    if (verdict == Verdict::kInDoubt) verdict = Verdict::kAlive;
  }
}

TEST_F(LivenessTest, ATalkerThatOwesAnAcknowledgementIsAskedNowAndThen) {
  for (int i = 0; i < 49; ++i) {
    now_ += milliseconds(100);
    liveness_.heard(now_, kMany);
  }
  EXPECT_FALSE(liveness_.wants_ping());
  EXPECT_EQ(wait(true), Verdict::kAlive);
  EXPECT_EQ(now_ - TimePoint{seconds(1000)}, seconds(5) + milliseconds(3));
  EXPECT_TRUE(liveness_.wants_ping());
  // Once, until it has answered.
  liveness_.ping(now_);
  now_ += milliseconds(400);
  liveness_.heard(now_, kMany);
  EXPECT_EQ(liveness_.on_timeout(now_ + milliseconds(900), true), Verdict::kAlive);
  EXPECT_FALSE(liveness_.wants_ping());
  EXPECT_GT(liveness_.deadline(true).value(), now_ + milliseconds(500));
  EXPECT_GT(liveness_.deadline(false).value(), now_ + seconds(5));
}

TEST_F(LivenessTest, ATalkerThatAnswersNothingIsJudgedWhenPatienceEnds) {
  for (const bool awaiting : {true, false}) {
    liveness_.start(now_);
    liveness_.established(now_);
    liveness_.ping(now_);
    EXPECT_EQ(talk(options_.pong_patience - seconds(1), awaiting), Verdict::kAlive);
    EXPECT_EQ(talk(seconds(1), awaiting), Verdict::kDead);
    EXPECT_FALSE(liveness_.deadline(true).has_value());
  }
}

TEST_F(LivenessTest, PatienceStartsOverWithEachAnswer) {
  for (int i = 0; i < 3; ++i) {
    const std::uint64_t number = liveness_.ping(now_);
    EXPECT_EQ(talk(options_.pong_patience - seconds(1)), Verdict::kAlive);
    EXPECT_TRUE(liveness_.pong(number, now_));
  }
}

TEST_F(LivenessTest, WhatIsAcknowledgedShowsThatTheWayIsOpenIfSlow) {
  liveness_.ping(now_);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(talk(options_.pong_patience - seconds(1)), Verdict::kAlive);
    liveness_.acknowledged(now_);
  }
  EXPECT_EQ(talk(options_.pong_patience), Verdict::kDead);
}

TEST_F(LivenessTest, TimeInWhichWeSleptIsNoPatience) {
  liveness_.ping(now_);
  EXPECT_EQ(talk(options_.pong_patience - seconds(1)), Verdict::kAlive);
  now_ += std::chrono::hours(3);
  liveness_.wake(now_);
  liveness_.heard(now_, kMany);
  EXPECT_EQ(talk(options_.pong_patience - seconds(1)), Verdict::kAlive);
  EXPECT_EQ(talk(seconds(1)), Verdict::kDead);
}

// The carrier keeps the order: whatever is said later about it, the first has come.
TEST_F(LivenessTest, AnyPingSinceTheFirstUnansweredOneMayBeAnswered) {
  const std::uint64_t before = liveness_.ping(now_);
  EXPECT_TRUE(liveness_.pong(before, now_));
  const std::uint64_t first = liveness_.ping(now_);
  const std::uint64_t second = liveness_.ping(now_);
  EXPECT_FALSE(liveness_.pong(before, now_));
  EXPECT_FALSE(liveness_.pong(second + 1, now_)) << "it was never asked";
  EXPECT_TRUE(liveness_.pong(first, now_));
  EXPECT_FALSE(liveness_.pong(first, now_)) << "once";
  const std::uint64_t third = liveness_.ping(now_);
  EXPECT_FALSE(liveness_.pong(second, now_)) << "an answer to the question before";
  EXPECT_TRUE(liveness_.pong(third, now_));
}

TEST_F(LivenessTest, AnySignOfLifeStartsItOver) {
  wait();
  wait();
  EXPECT_TRUE(liveness_.in_doubt());
  liveness_.heard(now_, kFew);
  EXPECT_EQ(*liveness_.deadline(false), now_ + options_.ping_idle);
  EXPECT_EQ(wait(), Verdict::kAlive);
}

TEST_F(LivenessTest, ADoubtLastsUntilWhatWasAskedIsAnswered) {
  wait();
  const std::uint64_t number = liveness_.ping(now_);
  wait();
  liveness_.heard(now_, kFew);
  EXPECT_TRUE(liveness_.in_doubt()) << "it may have been under way before";
  liveness_.pong(number, now_);
  EXPECT_FALSE(liveness_.in_doubt());
}

// Where each silence leads to another PING, no answer is to the latest.
TEST_F(LivenessTest, TheAnswerToAnyPingSinceTheDoubtEndsIt) {
  wait();
  const std::uint64_t asked = liveness_.ping(now_);
  wait();
  liveness_.ping(now_ + seconds(1));
  now_ += seconds(2);
  liveness_.heard(now_, kFew);
  EXPECT_TRUE(liveness_.pong(asked, now_));
  EXPECT_FALSE(liveness_.in_doubt());
}

TEST_F(LivenessTest, TheFirstOfSeveralPingsMeasuresTheWayToo) {
  for (int i = 0; i < 4; ++i) {
    const std::uint64_t first = liveness_.ping(now_);
    liveness_.ping(now_ + milliseconds(500));
    now_ += milliseconds(700);
    liveness_.pong(first, now_);
  }
  EXPECT_EQ(liveness_.round_trip(), milliseconds(700));
}

TEST_F(LivenessTest, AProcessThatSleptAsksBeforeItJudges) {
  wait();
  wait();
  now_ += std::chrono::hours(3);
  EXPECT_TRUE(liveness_.wake(now_));
  EXPECT_TRUE(liveness_.wants_ping());
  EXPECT_EQ(liveness_.on_timeout(now_, false), Verdict::kAlive);
  EXPECT_EQ(wait(), Verdict::kInDoubt);
  EXPECT_EQ(wait(), Verdict::kAlive);
  EXPECT_EQ(wait(), Verdict::kDead);
}

TEST_F(LivenessTest, TheRoundTripIsThatOfTheLatestPing) {
  liveness_.ping(now_);
  const std::uint64_t second = liveness_.ping(now_ + milliseconds(10));
  liveness_.pong(second - 1, now_ + milliseconds(30));
  liveness_.pong(second, now_ + milliseconds(35));
  for (int i = 0; i < 3; ++i) measure(milliseconds(40));
  EXPECT_EQ(liveness_.round_trip(), milliseconds(25));
}

TEST_F(LivenessTest, AGreetingWithoutAnswerIsDead) {
  liveness_.start(now_);
  EXPECT_EQ(wait(), Verdict::kDead);
}

TEST_F(LivenessTest, SamplesAreTakenNowAndThen) {
  EXPECT_FALSE(liveness_.may_sample(now_ + milliseconds(100)));
  EXPECT_TRUE(liveness_.may_sample(now_ + seconds(3)));
  liveness_.ping(now_ + seconds(3));
  EXPECT_FALSE(liveness_.may_sample(now_ + seconds(9))) << "one at a time";
}

}  // namespace
}  // namespace ferry::tunnel
