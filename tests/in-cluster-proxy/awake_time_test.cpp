#include "in-cluster-proxy/awake_time.h"

#include <gtest/gtest.h>

namespace ferry::proxy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// How long from `now` on until the limit is reached, when each look comes on time.
Duration until_reached(AwakeTime& time, TimePoint& now) {
  const TimePoint from = now;
  do now += time.next_look();
  while (!time.look(now));
  return now - from;
}

TEST(AwakeTimeTest, ReachesItsLimitOnTime) {
  TimePoint now{hours(1)};
  for (const Duration limit :
       {Duration(seconds(1)), Duration(seconds(12)), Duration(minutes(10))}) {
    AwakeTime time(limit);
    time.start(now);
    EXPECT_EQ(until_reached(time, now), limit);
  }
}

TEST(AwakeTimeTest, AStopDoesNotCount) {
  AwakeTime time(minutes(10));
  TimePoint now{hours(1)};
  time.start(now);
  now += hours(8);
  EXPECT_FALSE(time.look(now));
  EXPECT_GE(until_reached(time, now), minutes(10) - seconds(6));
}

TEST(AwakeTimeTest, StartsAnew) {
  AwakeTime time(seconds(20));
  TimePoint now{hours(1)};
  time.start(now);
  EXPECT_EQ(until_reached(time, now), seconds(20));
  time.start(now);
  EXPECT_EQ(until_reached(time, now), seconds(20));
}

}  // namespace
}  // namespace ferry::proxy
