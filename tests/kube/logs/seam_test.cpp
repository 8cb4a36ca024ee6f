#include "kube/logs/seam.h"

#include <gtest/gtest.h>

namespace ferry::logs {
namespace {

constexpr const char* kFirst = "2026-11-20T16:36:19.100000000Z";
constexpr const char* kSecond = "2026-11-20T16:36:19.200000000Z";
constexpr const char* kLater = "2026-11-20T16:36:25.000000000Z";

TEST(SeamTest, WhatComesAgainAfterReopeningIsNoNews) {
  Seam seam;
  EXPECT_TRUE(seam.take(kFirst, "one"));
  EXPECT_TRUE(seam.take(kSecond, "two"));
  seam.reopen();
  EXPECT_FALSE(seam.take(kFirst, "one"));
  EXPECT_FALSE(seam.take(kSecond, "two"));
  EXPECT_TRUE(seam.take(kSecond, "three"));
}

TEST(SeamTest, EqualLinesOfOneMomentCountEach) {
  Seam seam;
  EXPECT_TRUE(seam.take(kFirst, "same"));
  EXPECT_TRUE(seam.take(kFirst, "same"));
  seam.reopen();
  EXPECT_FALSE(seam.take(kFirst, "same"));
  EXPECT_FALSE(seam.take(kFirst, "same"));
  EXPECT_TRUE(seam.take(kFirst, "same"));
}

TEST(SeamTest, ItMayBeReopenedAgainAndAgain) {
  Seam seam;
  EXPECT_TRUE(seam.take(kFirst, "one"));
  for (int i = 0; i < 3; ++i) {
    seam.reopen();
    EXPECT_FALSE(seam.take(kFirst, "one"));
  }
}

TEST(SeamTest, ItGoesOnASecondBeforeTheNewestLine) {
  Seam seam;
  EXPECT_EQ(seam.since(), "");
  seam.take(kSecond, "two");
  EXPECT_EQ(seam.since(), "2026-11-20T16:36:18Z");
  seam.take(kFirst, "from the other stream, a little late");
  EXPECT_EQ(seam.since(), "2026-11-20T16:36:18Z");
  seam.take("2026-11-20T18:36:25.5+02:00", "a node's own time zone");
  EXPECT_EQ(seam.since(), "2026-11-20T16:36:24Z");
}

TEST(SeamTest, WhatIsOlderThanTheFirstLineWasNotAskedFor) {
  Seam seam;
  EXPECT_TRUE(seam.take(kSecond, "the last line of --tail 1"));
  seam.reopen();
  EXPECT_FALSE(seam.take(kFirst, "the one before"));
  EXPECT_TRUE(seam.take(kLater, "news"));
}

TEST(SeamTest, ALineWithoutATimeIsAlwaysNews) {
  Seam seam;
  EXPECT_TRUE(seam.take("", "failed to watch the file"));
  seam.reopen();
  EXPECT_TRUE(seam.take("", "failed to watch the file"));
  EXPECT_EQ(seam.since(), "");
}

}  // namespace
}  // namespace ferry::logs
