#include "daemon/wake_watch.h"

#include <gtest/gtest.h>

namespace ferry::daemon {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kStep = seconds(2);
constexpr Duration kStart = hours(100);

TEST(WakeWatchTest, StepsOfTheRightLengthAreNoSleep) {
  WakeWatch watch(kStep, kStart);
  Duration now = kStart;
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(watch.was_away(now += kStep));
}

TEST(WakeWatchTest, ABusyLoopIsNoSleep) {
  WakeWatch watch(kStep, kStart);
  EXPECT_FALSE(watch.was_away(kStart + kStep + milliseconds(900)));
}

TEST(WakeWatchTest, AClockThatJumpedIsReportedOnce) {
  WakeWatch watch(kStep, kStart);
  EXPECT_TRUE(watch.was_away(kStart + hours(8)));
  EXPECT_FALSE(watch.was_away(kStart + hours(8) + kStep));
}

TEST(WakeWatchTest, SoIsAShortStop) {
  WakeWatch watch(kStep, kStart);
  EXPECT_TRUE(watch.was_away(kStart + seconds(4)));
}

TEST(WakeWatchTest, ItsClockGoesOn) {
  const Duration before = WakeWatch::clock();
  EXPECT_GT(before, Duration::zero());
  EXPECT_GE(WakeWatch::clock(), before);
}

}  // namespace
}  // namespace ferry::daemon
