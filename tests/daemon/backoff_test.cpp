#include "daemon/backoff.h"

#include <gtest/gtest.h>

namespace ferry::daemon {
namespace {

using std::chrono::milliseconds;

TEST(BackoffTest, TheFirstAttemptDoesNotWait) {
  Backoff backoff(milliseconds(50), milliseconds(1000));
  EXPECT_EQ(backoff.next(), Duration{});
}

TEST(BackoffTest, WaitsDoubleUpToTheLimit) {
  Backoff backoff(milliseconds(50), milliseconds(150));
  backoff.next();
  for (const int bound : {50, 100, 150, 150}) {
    const Duration wait = backoff.next();
    EXPECT_GE(wait, milliseconds(bound) / 2);
    EXPECT_LE(wait, milliseconds(bound));
  }
}

TEST(BackoffTest, AResetStartsOver) {
  Backoff backoff(milliseconds(50), milliseconds(1000));
  for (int i = 0; i < 4; ++i) backoff.next();
  backoff.reset();
  EXPECT_EQ(backoff.next(), Duration{});
  EXPECT_LE(backoff.next(), milliseconds(50));
}

}  // namespace
}  // namespace ferry::daemon
