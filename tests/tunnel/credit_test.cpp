#include "tunnel/credit.h"

#include <gtest/gtest.h>

#include <vector>

namespace ferry::tunnel {
namespace {

using std::chrono::milliseconds;

constexpr TimePoint kStart{std::chrono::hours(1)};

class CreditTest : public ::testing::Test {
 protected:
  ReceiveWindow open(std::size_t granted, std::size_t window) {
    ReceiveWindow one;
    one.open(granted, window, budget_, kStart);
    return one;
  }

  Options options_;
  MemoryShare memory_{nullptr};
  CreditBudget budget_{options_, memory_};
};

TEST_F(CreditTest, MoreThanTheCreditIsRefused) {
  ReceiveWindow window = open(1000, 1000);
  EXPECT_TRUE(window.receive(1000));
  EXPECT_FALSE(window.receive(1));
}

TEST_F(CreditTest, CreditOfASmallWindowIsToldWhenHalfOfItIsUsed) {
  ReceiveWindow window = open(10'000, 10'000);
  ASSERT_TRUE(window.receive(10'000));
  EXPECT_FALSE(window.consume(4'999, budget_, kStart + milliseconds(500), milliseconds(1)));
  EXPECT_TRUE(window.consume(1, budget_, kStart + milliseconds(500), milliseconds(1)));
  EXPECT_EQ(window.limit(), 15'000U);
}

TEST_F(CreditTest, AWindowUsedFastGrowsUpToItsMaximum) {
  options_.max_credit = 1024 * 1024;
  const std::size_t first = options_.initial_credit;
  ReceiveWindow window = open(first, first);
  TimePoint now = kStart;
  for (int i = 0; i < 20; ++i) {
    const std::size_t half = window.size() / 2;
    ASSERT_TRUE(window.receive(half));
    now += milliseconds(12);
    window.consume(half, budget_, now, milliseconds(10));
  }
  EXPECT_EQ(window.size(), options_.max_credit);
}

TEST_F(CreditTest, AWindowUsedSlowlyStaysAsItIs) {
  ReceiveWindow window = open(options_.initial_credit, options_.initial_credit);
  ASSERT_TRUE(window.receive(options_.initial_credit / 2));
  window.consume(options_.initial_credit / 2, budget_, kStart + milliseconds(25), milliseconds(10));
  EXPECT_EQ(window.size(), options_.initial_credit);
}

TEST_F(CreditTest, AWindowReachesItsMaximumWithinFewRoundTrips) {
  options_.window_budget = 2 * options_.max_credit;
  ReceiveWindow window = open(options_.initial_credit, options_.initial_credit);
  TimePoint now = kStart;
  int round_trips = 0;
  for (; window.size() < options_.max_credit && round_trips < 100; ++round_trips) {
    const std::size_t sent = window.unused();
    now += milliseconds(100);
    ASSERT_TRUE(window.receive(sent));
    window.consume(sent, budget_, now, milliseconds(100));
  }
  EXPECT_LE(round_trips, 5);
}

// Far away: what the sender may send it has sent long before it hears of more.
TEST_F(CreditTest, AWholeWindowIsUnderWayInEachRoundTrip) {
  const std::size_t size = std::size_t{32} * 1024 * 1024;
  constexpr std::size_t kPiece = 16'000;
  options_.max_credit = size;
  options_.window_budget = 2 * size;
  ReceiveWindow window = open(size, size);
  std::size_t sent = size / 2 - 1;  // the worst: nothing is told of it yet
  for (int round_trip = 0; round_trip < 10; ++round_trip) {
    for (std::size_t left = sent; left > 0;) {
      const std::size_t n = std::min(left, kPiece);
      ASSERT_TRUE(window.receive(n));
      window.consume(n, budget_, kStart + milliseconds(round_trip), milliseconds(100));
      left -= n;
    }
    sent = window.unused();  // heard of, one round trip later
  }
  EXPECT_GE(sent, size / 32 * 31);
}

TEST_F(CreditTest, ASpentBudgetStillGivesEachStreamTheLeast) {
  budget_.take(options_.window_budget);
  ReceiveWindow window = open(0, options_.initial_credit);
  EXPECT_TRUE(window.replenish(budget_));
  EXPECT_EQ(window.exposure(), options_.min_credit);
  EXPECT_EQ(budget_.first_window(), options_.min_credit);
}

TEST_F(CreditTest, AWindowIsNotFilledUpBeyondTheBudget) {
  ReceiveWindow window = open(100'000, 100'000);
  budget_.take(options_.window_budget);
  ASSERT_TRUE(window.receive(100'000));
  EXPECT_FALSE(window.consume(60'000, budget_, kStart + milliseconds(900), milliseconds(1)));
  EXPECT_TRUE(window.consume(40'000, budget_, kStart + milliseconds(900), milliseconds(1)));
  EXPECT_EQ(window.exposure(), options_.min_credit);
}

TEST_F(CreditTest, CreditThatThePeerGivesUpIsFreeAgain) {
  ReceiveWindow window = open(100'000, 100'000);
  ASSERT_TRUE(window.receive(10'000));
  EXPECT_TRUE(window.skip(70'000, budget_));
  EXPECT_EQ(budget_.granted(), 30'000U) << "10,000 received and 20,000 left";
  EXPECT_FALSE(window.skip(20'001, budget_));
  EXPECT_FALSE(window.consume(10'000, budget_, kStart + milliseconds(900), milliseconds(1)))
      << "not given again at once";
}

TEST_F(CreditTest, AFinishedStreamHoldsOnlyWhatCame) {
  ReceiveWindow window = open(100'000, 100'000);
  ASSERT_TRUE(window.receive(300));
  window.finish(budget_);
  EXPECT_EQ(budget_.granted(), 300U);
  EXPECT_FALSE(window.consume(300, budget_, kStart, milliseconds(1)));
  EXPECT_EQ(budget_.granted(), 0U);
}

TEST_F(CreditTest, ManyIdleStreamsLeaveTheBudgetToABusyOne) {
  const std::size_t many = options_.window_budget / options_.min_credit;
  std::vector<ReceiveWindow> idle;
  for (std::size_t i = 0; i < many; ++i) {
    const std::size_t first = budget_.first_window();
    idle.push_back(open(first, first));
  }
  ASSERT_EQ(budget_.first_window(), options_.min_credit);
  ReceiveWindow window = open(options_.min_credit, options_.min_credit);
  TimePoint now = kStart;
  for (int i = 0; i < 20; ++i) {
    const std::size_t sent = window.unused();
    now += milliseconds(1);
    ASSERT_TRUE(window.receive(sent));
    window.consume(sent, budget_, now, milliseconds(1));
  }
  EXPECT_GE(window.size(), std::size_t{1024} * 1024);
  EXPECT_GE(window.exposure(), std::size_t{1024} * 1024);
  EXPECT_LE(budget_.granted(), options_.window_budget + (many + 1) * options_.min_credit);
  for (auto& one : idle) one.close(budget_);
  window.close(budget_);
  EXPECT_EQ(budget_.granted(), 0U);
  EXPECT_EQ(budget_.spare(), options_.window_budget);
}

TEST_F(CreditTest, NoStreamTakesAllThatIsLeft) {
  budget_.take(options_.window_budget - 400'000);
  ReceiveWindow window = open(0, options_.initial_credit);
  ASSERT_TRUE(window.replenish(budget_));
  ASSERT_TRUE(window.receive(200'000));
  window.consume(200'000, budget_, kStart + milliseconds(1), milliseconds(10));
  EXPECT_EQ(window.size(), options_.initial_credit);
}

TEST_F(CreditTest, OpeningCreditIsRaisedUntilTheBudgetIsSpent) {
  OpeningCredit opening;
  opening.open(budget_);
  const std::uint64_t first = opening.limit();
  EXPECT_EQ(budget_.granted(), first);
  std::vector<ReceiveWindow> streams;
  ASSERT_TRUE(opening.claim(first, budget_));
  EXPECT_FALSE(opening.claim(1, budget_));
  streams.push_back(open(first, first));
  EXPECT_TRUE(opening.replenish(budget_));
  EXPECT_EQ(opening.limit(), 2 * first);
  // The claims stay out: their streams stall.
  while (opening.claim(first / 4, budget_)) {
    streams.push_back(open(first / 4, first / 4));
    opening.replenish(budget_);
  }
  EXPECT_LE(budget_.granted(), options_.window_budget);
  EXPECT_GT(budget_.granted(), options_.window_budget / 2);
}

TEST_F(CreditTest, ClaimsShrinkAsOpeningCreditRunsOut) {
  OpeningClaims claims;
  const std::uint64_t limit = options_.window_budget / 8;
  claims.open(limit);
  std::vector<std::uint32_t> all;
  std::uint64_t sum = 0;
  while (const std::uint32_t n = claims.claim(options_.initial_credit)) {
    all.push_back(n);
    sum += n;
  }
  EXPECT_EQ(sum, limit);
  EXPECT_EQ(all.front(), options_.initial_credit);
  EXPECT_GT(all.size(), 300U) << "many streams may open within one round trip";
  EXPECT_FALSE(claims.raise(limit - 1));
  EXPECT_TRUE(claims.raise(limit + 100));
  EXPECT_EQ(claims.claim(options_.initial_credit), 100U);
}

}  // namespace
}  // namespace ferry::tunnel
