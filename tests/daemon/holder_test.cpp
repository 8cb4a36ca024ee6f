#include "daemon/holder.h"

#include <gtest/gtest.h>

namespace ferry::daemon {
namespace {

TEST(HolderTest, TheNextProcessSupersedesTheOneBefore) {
  const auto before = make_holder("installation", "me@here");
  const auto next = make_holder("installation", "me@here");
  ASSERT_TRUE(before && next);
  EXPECT_TRUE(tunnel::supersedes(*next, *before));
}

TEST(HolderTest, AMachineWithTheSameHomeDirectoryIsSomebodyElse) {
  const auto here = make_holder("installation", "me@here");
  const auto there = make_holder("installation", "me@there");
  ASSERT_TRUE(here && there);
  EXPECT_FALSE(tunnel::supersedes(*there, *here));
}

TEST(HolderTest, WithoutAnInstallationNothingIsSaid) { EXPECT_FALSE(make_holder({}, "me@here")); }

}  // namespace
}  // namespace ferry::daemon
