#include "cli/suggest.h"

#include <gtest/gtest.h>

namespace ferry::cli {
namespace {

const std::vector<std::string> kNames = {"forward", "status", "list", "leave"};

TEST(SuggestTest, FindsSlipsOfEveryKind) {
  EXPECT_EQ(nearest("staus", kNames), "status");
  EXPECT_EQ(nearest("statuss", kNames), "status");
  EXPECT_EQ(nearest("stauts", kNames), "status");
  EXPECT_EQ(nearest("stabus", kNames), "status");
  EXPECT_EQ(nearest("forw", kNames), "forward");
}

TEST(SuggestTest, DoesNotGuessWildly) {
  EXPECT_EQ(nearest("xyzzy", kNames), "");
  EXPECT_EQ(nearest("", kNames), "");
  EXPECT_EQ(nearest(std::string(10'000, 'a'), kNames), "");
  EXPECT_EQ(did_you_mean("xyzzy", kNames), "");
}

TEST(SuggestTest, JoinsNamesAsPeopleDo) {
  EXPECT_EQ(one_of({"a"}), "a");
  EXPECT_EQ(one_of({"a", "b"}), "a or b");
  EXPECT_EQ(one_of({"a", "b", "c"}), "a, b or c");
}

}  // namespace
}  // namespace ferry::cli
