#include "base/suggest.h"

#include <gtest/gtest.h>

namespace ferry {
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

TEST(SuggestTest, AHintStandsBeforeWhatElseCanBeDone) {
  EXPECT_EQ(with_hint("did you mean 'web'?", "look"), "did you mean 'web'? else look");
  EXPECT_EQ(with_hint("there is no such", "look"), "there is no such; else look");
  EXPECT_EQ(with_hint("", "look"), "look");
  EXPECT_EQ(with_hint("did you mean 'web'?", ""), "did you mean 'web'?");
}

}  // namespace
}  // namespace ferry
