#include "daemon/lock_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/daemon/temporary_directory.h"

namespace ferry::daemon {
namespace {

class LockFileTest : public ::testing::Test {
 protected:
  std::string path() const { return directory_.path() / "lock"; }
  const testing::TemporaryDirectory directory_;
};

TEST_F(LockFileTest, ASecondLockIsRefusedWithThePidOfTheFirst) {
  const auto first = LockFile::acquire(path());
  ASSERT_TRUE(first);
  const auto second = LockFile::acquire(path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(second.error().why, ::testing::HasSubstr(std::to_string(getpid())));
}

TEST_F(LockFileTest, ALockThatWasLetGoCanBeTaken) {
  { ASSERT_TRUE(LockFile::acquire(path())); }
  EXPECT_TRUE(LockFile::acquire(path()));
}

}  // namespace
}  // namespace ferry::daemon
