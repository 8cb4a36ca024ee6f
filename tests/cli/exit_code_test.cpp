#include "cli/exit_code.h"

#include <gtest/gtest.h>

namespace ferry::cli {
namespace {

TEST(ExitCodeTest, FollowsTheTable) {
  EXPECT_EQ(exit_code_of(ErrorCode::kUsage), 2);
  EXPECT_EQ(exit_code_of(ErrorCode::kNotFound), 3);
  EXPECT_EQ(exit_code_of(ErrorCode::kForbidden), 4);
  EXPECT_EQ(exit_code_of(ErrorCode::kUnauthenticated), 4);
  EXPECT_EQ(exit_code_of(ErrorCode::kUnreachable), 5);
  EXPECT_EQ(exit_code_of(ErrorCode::kTimedOut), 5);
  EXPECT_EQ(exit_code_of(ErrorCode::kCancelled), 130);
  EXPECT_EQ(exit_code_of(ErrorCode::kAlreadyExists), 1);
}

TEST(ExitCodeTest, NoFailureLooksLikeSuccess) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::kUnsupported); ++code) {
    EXPECT_NE(exit_code_of(static_cast<ErrorCode>(code)), 0);
  }
}

}  // namespace
}  // namespace ferry::cli
