#include "daemon/control/paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace ferry::control {
namespace {

GetEnv env(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

class PrivateDirTest : public testing::Test {
 protected:
  PrivateDirTest() { mkdtemp(root_.data()); }
  ~PrivateDirTest() override { std::filesystem::remove_all(root_); }
  std::string root_ = testing::TempDir() + "ferry-paths-XXXXXX";
};

TEST(PathsTest, FollowTheXdgVariables) {
  const auto found = paths(env({{"XDG_RUNTIME_DIR", "/run/user/7"}, {"XDG_STATE_HOME", "/s"}}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->socket, "/run/user/7/ferry/ferryd.sock");
  EXPECT_EQ(found->lock, "/run/user/7/ferry/ferryd.lock");
  EXPECT_EQ(found->log_file, "/s/ferry/ferryd.log");
  EXPECT_EQ(found->links_file, "/s/ferry/links.json");
  EXPECT_EQ(found->swaps_file, "/s/ferry/swaps.json");
}

TEST(PathsTest, FallBackWhereAVariableIsMissingOrRelative) {
  const auto found = paths(env({{"XDG_RUNTIME_DIR", "run"}, {"HOME", "/home/u"}}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->runtime_dir, "/tmp/ferry-" + std::to_string(geteuid()));
  EXPECT_EQ(found->log_file, "/home/u/.local/state/ferry/ferryd.log");
}

TEST(PathsTest, RefuseASocketPathThatNoAddressHolds) {
  const auto found = paths(env({{"XDG_RUNTIME_DIR", "/" + std::string(100, 'x')}, {"HOME", "/h"}}));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(found.error().fix, testing::HasSubstr("XDG_RUNTIME_DIR"));
}

TEST(PathsTest, NeedAHome) { EXPECT_FALSE(paths(env({{"HOME", "relative"}}))); }

TEST_F(PrivateDirTest, IsCreatedWithItsParentsForItsOwnerOnly) {
  const std::string path = root_ + "/a/b";
  ASSERT_TRUE(make_private_dir(path));
  ASSERT_TRUE(make_private_dir(path)) << "an existing one is fine";
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
}

TEST_F(PrivateDirTest, IsRefusedWhereOthersMayWrite) {
  const std::string path = root_ + "/open";
  ASSERT_EQ(mkdir(path.c_str(), 0700), 0);
  ASSERT_EQ(chmod(path.c_str(), 0777), 0);
  const auto made = make_private_dir(path);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kForbidden);
}

TEST_F(PrivateDirTest, IsRefusedWhereALinkOrAFileStands) {
  std::filesystem::create_directory_symlink(root_, root_ + "/link");
  EXPECT_FALSE(make_private_dir(root_ + "/link"));
  std::ofstream(root_ + "/file") << "x";
  EXPECT_FALSE(make_private_dir(root_ + "/file"));
}

}  // namespace
}  // namespace ferry::control
