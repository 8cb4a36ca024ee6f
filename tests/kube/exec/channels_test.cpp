#include "kube/exec/channels.h"

#include <gmock/gmock.h>

#include "tests/kube/fixture.h"

namespace ferry::exec {
namespace {

using testing::HasSubstr;

RemoteCommand shell() {
  return {.ns = "demo", .pod = "web-1", .container = "app", .command = {"sh", "-c", "a b; c"}};
}

std::string failure(const std::string& message) {
  return R"({"metadata":{},"status":"Failure","reason":"InternalError","code":500,"message":")" +
         message + "\"}";
}

TEST(QueryTest, IsThatOfARealExchange) {
  auto command = shell();
  command.command = {"sh", "-c", "cat; echo err >&2; exit 3"};
  command.container = "httpd";
  command.input = true;
  const std::string asked = kube::fixture("exec-v5")["request"][0];
  // The same words, written as a form there (a blank is "+") and percent-encoded here.
  EXPECT_EQ(query_of(command),
            "command=sh&command=-c&command=cat%3B%20echo%20err%20%3E%262%3B%20exit%203"
            "&container=httpd&stdin=true&stdout=true&stderr=true");
  EXPECT_THAT(asked, HasSubstr("&container=httpd&stdin=true&stdout=true&stderr=true "));
}

TEST(QueryTest, ATerminalHasNoStreamForErrors) {
  auto command = shell();
  command.terminal = true;
  EXPECT_THAT(query_of(command), testing::EndsWith("&stdout=true&tty=true"));
}

TEST(QueryTest, AnAttachNamesNoCommand) {
  auto command = shell();
  command.command.clear();
  EXPECT_EQ(query_of(command), "container=app&stdout=true&stderr=true");
}

TEST(ResizeTest, SizesAreWrittenAsKubernetesReadsThem) {
  EXPECT_EQ(resize_text({132, 43}), R"({"Width":132,"Height":43})");
}

TEST(ExitCodeTest, IsTheOneOfARealExchange) {
  const auto exchange = kube::fixture("exec-v5");
  for (const auto& message : exchange["received"]) {
    const std::string text = message.value("text", "");
    if (!text.starts_with('\3')) continue;
    const auto code = exit_code_of_status(text.substr(1), "running");
    ASSERT_TRUE(code) << code.error().summary();
    EXPECT_EQ(*code, 3);
    return;
  }
  FAIL() << "no status was recorded";
}

TEST(ExitCodeTest, SuccessIsZero) {
  const auto code = exit_code_of_status(R"({"metadata":{},"status":"Success"})", "running");
  ASSERT_TRUE(code);
  EXPECT_EQ(*code, 0);
}

TEST(ExitCodeTest, CodesThatAreNoneAreErrors) {
  for (const std::string text : {"256", "-1", "", "3x"}) {
    const auto code = exit_code_of_status(
        R"({"status":"Failure","reason":"NonZeroExitCode","message":"odd","details":)"
        R"({"causes":[{"reason":"ExitCode","message":")" +
            text + R"("}]}})",
        "running");
    ASSERT_FALSE(code) << text;
    EXPECT_EQ(code.error().why, "odd");
  }
}

TEST(ExitCodeTest, WhatIsNoStatusBreaksTheProtocol) {
  for (const std::string text : {"", "null", "[]", "command terminated", "{\"status\":"}) {
    const auto code = exit_code_of_status(text, "running");
    ASSERT_FALSE(code) << text;
    EXPECT_EQ(code.error().code, ErrorCode::kProtocol) << text;
  }
  EXPECT_EQ(exit_code_of_status("{}", "running").error().code, ErrorCode::kUnavailable);
}

TEST(ExitCodeTest, OfWhatKeptItFromRunningTheRuntimesWordsAreKept) {
  const std::string chain =
      "Internal error occurred: error executing command in container: failed to exec in container: "
      "failed to start exec: OCI runtime exec failed: exec failed: unable to start container "
      "process: ";
  const auto missing = exit_code_of_status(
      failure(chain + R"(exec: \"vim\": executable file not found in $PATH: unknown)"), "running");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().what, "running");
  EXPECT_EQ(missing.error().why, R"(exec: "vim": executable file not found in $PATH)");
  EXPECT_THAT(missing.error().fix, HasSubstr("image"));
  const auto denied =
      exit_code_of_status(failure(chain + R"(exec: \"/etc\": permission denied: unknown)"), "x");
  EXPECT_EQ(denied.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(denied.error().fix, HasSubstr("user"));
  const auto gone = exit_code_of_status(failure(R"(container not found (\"app\"))"), "x");
  EXPECT_THAT(gone.error().fix, HasSubstr("ended"));
}

}  // namespace
}  // namespace ferry::exec
