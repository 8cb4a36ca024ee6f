#include "base/log.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace ferry {
namespace {

class LogTest : public ::testing::Test {
 protected:
  void TearDown() override {
    ASSERT_TRUE(init_log({}).has_value());
    std::filesystem::remove(path_);
  }
  std::string written() const {
    spdlog::default_logger()->flush();
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }
  std::string path_ = ::testing::TempDir() + "ferry-log-test-" + std::to_string(::getpid());
};

TEST_F(LogTest, JsonLinesStayJsonWhateverTheMessageHolds) {
  ASSERT_TRUE(init_log({.format = LogFormat::kJson, .file = path_}).has_value());
  spdlog::info("a \"quoted\"\nline \\ with %v {}", 1);
  const std::string line = written();
  EXPECT_NE(line.find(R"("level":"info")"), std::string::npos) << line;
  EXPECT_NE(line.find(R"("message":"a \"quoted\"\u000aline \\ with %v 1"})"), std::string::npos)
      << line;
}

TEST_F(LogTest, AMessageIsOneLineAndSteersNoTerminal) {
  ASSERT_TRUE(init_log({.file = path_}).has_value());
  spdlog::info("grün\n2026-01-01 info  forged \x1b[2J\x7f");
  const std::string text = written();
  EXPECT_EQ(text.find('\n'), text.size() - 1) << text;
  EXPECT_NE(text.find("info  grün\\x0a2026-01-01 info  forged \\x1b[2J\\x7f\n"), std::string::npos)
      << text;
}

TEST_F(LogTest, LeavesOutWhatIsBelowTheLevel) {
  ASSERT_TRUE(init_log({.level = "error", .file = path_}).has_value());
  spdlog::info("quiet");
  spdlog::error("loud");
  EXPECT_EQ(written().find("quiet"), std::string::npos);
  EXPECT_NE(written().find("loud"), std::string::npos);
}

TEST_F(LogTest, RefusesALevelThatDoesNotExist) {
  const Status status = init_log({.level = "chatty"});
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace ferry
