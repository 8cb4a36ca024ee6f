#include "tunnel/ack_watch.h"

#include <gtest/gtest.h>

namespace ferry::tunnel {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kPatience = seconds(15);

class AckWatchTest : public ::testing::Test {
 protected:
  // A PING behind `sent` bytes, answered at once.
  bool ask(std::uint64_t sent, std::uint64_t acked) {
    watch_.asked(sent, now_);
    return watch_.answered(acked, now_);
  }

  AckWatch watch_{kPatience};
  TimePoint now_{hours(1)};
};

TEST_F(AckWatchTest, WhoHasItAndDoesNotSaySoIsGivenSomeTime) {
  EXPECT_TRUE(ask(100, 40));
  now_ += kPatience - milliseconds(1);
  EXPECT_TRUE(ask(100, 40));
  now_ += milliseconds(1);
  EXPECT_FALSE(ask(100, 40));
}

TEST_F(AckWatchTest, AnyProgressStartsItOver) {
  for (std::uint64_t acked = 0; acked < 100; ++acked) {
    EXPECT_TRUE(ask(100, acked));
    now_ += kPatience;
  }
  EXPECT_TRUE(ask(100, 100));
  now_ += kPatience;
  EXPECT_TRUE(ask(200, 100));
}

TEST_F(AckWatchTest, WhatIsSentBehindThePingMayBeOnTheWay) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(ask(100, 100));
    now_ += kPatience;
  }
}

// The ACK was on its way when we fell asleep, and comes behind an answer that was on its way, too.
TEST_F(AckWatchTest, TimeInWhichWeSleptDoesNotCount) {
  EXPECT_TRUE(ask(100, 40));
  watch_.asked(100, now_);
  now_ += hours(1);
  EXPECT_TRUE(watch_.answered(40, now_));
  EXPECT_TRUE(ask(100, 100));
}

TEST_F(AckWatchTest, ToBeAskedAgainBeforeAnAnswerIsTheSameQuestion) {
  EXPECT_TRUE(ask(100, 40));
  now_ += kPatience - milliseconds(1);
  watch_.asked(100, now_);
  now_ += milliseconds(1);
  watch_.asked(100, now_);
  EXPECT_TRUE(watch_.answered(40, now_)) << "of what was asked in time";
  EXPECT_FALSE(ask(100, 40));
}

TEST_F(AckWatchTest, AnotherCarrierIsAskedAnew) {
  EXPECT_TRUE(ask(100, 40));
  now_ += kPatience;
  watch_.asked(100, now_);
  watch_.forget_question();
  EXPECT_TRUE(watch_.answered(40, now_)) << "an answer to nothing";
  EXPECT_FALSE(ask(100, 40)) << "to lose carriers gives nobody more time";
}

}  // namespace
}  // namespace ferry::tunnel
