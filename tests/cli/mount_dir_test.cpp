#include "cli/mount_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/cli/temp_dir.h"

namespace ferry::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class MountDirTest : public testing::Test {
 protected:
  std::string at(const std::string& name) const { return dir_.path() + "/mnt" + name; }
  static std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  static unsigned mode(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777U;
  }
  MountDir open() const { return MountDir::open(at("")).value(); }

  TempDir dir_;
};

TEST_F(MountDirTest, FilesAreTheUsersOnly) {
  auto mount = open();
  ASSERT_TRUE(mount.write({{"/etc/app/key", 0444, "k"}, {"/bin/run", 0755, "#!"}}));
  EXPECT_EQ(mount.path(), at(""));
  EXPECT_EQ(content(at("/etc/app/key")), "k");
  EXPECT_EQ(mode(at("/etc/app/key")), 0600U);
  EXPECT_EQ(mode(at("/bin/run")), 0700U);
  EXPECT_EQ(mode(at("")), 0700U);
  EXPECT_EQ(mode(at("/etc/app")), 0700U);
}

TEST_F(MountDirTest, AChangeReplacesTheFileInOneStep) {
  auto mount = open();
  ASSERT_TRUE(mount.write({{"/a/key", 0600, "one"}, {"/a/gone", 0600, "x"}, {"/same", 0600, "s"}}));
  std::ifstream reader(at("/a/key"));
  const auto untouched = fs::last_write_time(at("/same"));
  ASSERT_TRUE(mount.write({{"/a/key", 0600, "two"}, {"/same", 0600, "s"}}));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(reader), {}), "one")
      << "who has the old one open keeps it whole";
  EXPECT_EQ(content(at("/a/key")), "two");
  EXPECT_FALSE(fs::exists(at("/a/gone")));
  EXPECT_EQ(fs::last_write_time(at("/same")), untouched);
}

TEST_F(MountDirTest, TheEndRemovesWhatItWroteAndNothingElse) {
  fs::create_directories(at("/etc"));
  std::ofstream(at("/etc/mine")) << "mine";
  auto mount = open();
  ASSERT_TRUE(mount.write({{"/etc/app/key", 0600, "k"}, {"/x/y", 0600, "k"}}));
  std::ofstream(at("/x/mine")) << "mine";
  mount.remove();
  EXPECT_EQ(content(at("/etc/mine")), "mine");
  EXPECT_EQ(content(at("/x/mine")), "mine");
  EXPECT_FALSE(fs::exists(at("/etc/app")));
  EXPECT_FALSE(fs::exists(at("/x/y")));
}

TEST_F(MountDirTest, ADirectoryThatItMadeGoesToo) {
  auto mount = open();
  ASSERT_TRUE(mount.write({{"/a/b/c", 0600, "k"}}));
  mount.remove();
  EXPECT_FALSE(fs::exists(at("")));
}

TEST_F(MountDirTest, SomebodyElsesFileIsLeftAlone) {
  fs::create_directories(at("/etc"));
  std::ofstream(at("/etc/key")) << "mine";
  auto mount = open();
  const auto written = mount.write({{"/etc/key", 0600, "k"}});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(written.error().fix, HasSubstr("empty directory"));
  mount.remove();
  EXPECT_EQ(content(at("/etc/key")), "mine");
}

TEST_F(MountDirTest, WhatAKilledRunLeftIsTakenOver) {
  {
    auto killed = open();
    ASSERT_TRUE(killed.write({{"/etc/key", 0600, "k"}}));
  }
  auto mount = open();
  ASSERT_TRUE(mount.write({{"/etc/key", 0600, "k"}}));
  mount.remove();
  EXPECT_FALSE(fs::exists(at("/etc/key")));
}

TEST_F(MountDirTest, PathsCannotLeadOut) {
  auto mount = open();
  for (const char* path : {"/../out", "/a/../../out", "/..", "", "/", "/./x"}) {
    const auto written = mount.write({{path, 0600, "k"}});
    ASSERT_FALSE(written) << path;
    EXPECT_EQ(written.error().code, ErrorCode::kInvalid);
  }
  EXPECT_FALSE(fs::exists(dir_.path() + "/out"));
}

TEST_F(MountDirTest, SymbolicLinksAreNotFollowed) {
  fs::create_directories(at(""));
  fs::create_directories(dir_.path() + "/out");
  fs::create_directory_symlink(dir_.path() + "/out", at("/etc"));
  fs::create_symlink(dir_.path() + "/out/file", at("/link"));
  auto mount = open();
  EXPECT_FALSE(mount.write({{"/etc/key", 0600, "k"}}));
  EXPECT_FALSE(mount.write({{"/link", 0600, "k"}}));
  EXPECT_TRUE(fs::is_empty(dir_.path() + "/out"));
}

TEST_F(MountDirTest, ADirectoryThatCannotBeMadeIsAnError) {
  const auto mount = MountDir::open(dir_.path() + "/no/such/place");
  ASSERT_FALSE(mount);
  EXPECT_EQ(mount.error().code, ErrorCode::kIo);
  EXPECT_FALSE(MountDir::open(dir_.write("file", "x")));
}

}  // namespace
}  // namespace ferry::cli
