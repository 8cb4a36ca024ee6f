#include "cli/log_tail.h"

#include <gtest/gtest.h>

#include "tests/cli/temp_dir.h"

namespace ferry::cli {
namespace {

TEST(LogTailTest, GivesTheLastLines) {
  const TempDir dir;
  const auto path = dir.write("log", "a\nb\nc\n");
  EXPECT_EQ(last_lines(path, 2).value(), "b\nc\n");
  EXPECT_EQ(last_lines(path, 3).value(), "a\nb\nc\n");
  EXPECT_EQ(last_lines(path, 99).value(), "a\nb\nc\n");
  EXPECT_EQ(last_lines(path, 0).value(), "");
  EXPECT_EQ(last_lines(dir.write("empty", ""), 5).value(), "");
  EXPECT_EQ(last_lines(dir.write("open", "a\nb"), 1).value(), "b");
}

TEST(LogTailTest, ReadsOnlyTheEndOfALargeFile) {
  const TempDir dir;
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "line " + std::to_string(i) + "\n";
  EXPECT_EQ(last_lines(dir.write("log", text), 2).value(), "line 99998\nline 99999\n");
}

TEST(LogTailTest, SaysWhenThereIsNoLog) {
  EXPECT_EQ(last_lines("/nonexistent/log", 5).error().code, ErrorCode::kNotFound);
}

TEST(LogTailTest, FollowsAFileThatGrowsAndIsRotated) {
  const TempDir dir;
  const auto path = dir.write("log", "old\n");
  std::string heard;
  int step = 0;
  follow_file(path, [&](const std::string& news) {
    heard += news;
    if (step == 0) {
      std::ofstream(path, std::ios::app) << "one\n";
      step = 1;
    } else if (step == 1 && heard == "one\n") {
      std::filesystem::rename(path, path + ".1");
      dir.write("log", "two\n");
      step = 2;
    }
    return heard != "one\ntwo\n";
  });
  EXPECT_EQ(heard, "one\ntwo\n");
}

}  // namespace
}  // namespace ferry::cli
