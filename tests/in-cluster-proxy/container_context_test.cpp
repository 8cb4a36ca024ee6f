#include "in-cluster-proxy/container_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace ferry::proxy {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class ContainerContextTest : public ::testing::Test {
 protected:
  ContainerContextTest() {
    std::string pattern = ::testing::TempDir() + "ferry-mounts-XXXXXX";
    dir_ = mkdtemp(pattern.data());
  }
  ~ContainerContextTest() override { fs::remove_all(dir_); }

  // As the kubelet writes a volume: the contents in a directory of their own, "..data" leading
  // there, and a link for each name.
  void publish(const std::string& version, const std::string& text) {
    fs::create_directories(dir_ / (".." + version) / "nested");
    std::ofstream(dir_ / (".." + version) / "nested" / "key") << text;
    fs::create_directory_symlink(".." + version, dir_ / "..data_tmp");
    fs::rename(dir_ / "..data_tmp", dir_ / "..data");
    if (!fs::is_symlink(dir_ / "nested")) {
      fs::create_directory_symlink("..data/nested", dir_ / "nested");
    }
  }
  MountedFiles list() const { return list_mounts({dir_.string()}); }
  Json describe(const std::vector<std::string>& environment = {}) const {
    return Json::parse(describe_container(environment, list()));
  }

  fs::path dir_;
};

TEST_F(ContainerContextTest, ValuesArriveAsTheyAre) {
  const std::string all = describe_container(
      {"PLAIN=a", "EMPTY=", "LINES=a\nb\"c$d", "EQUALS=a=b", "BYTES=\xff\xfe", "\xff=odd"}, {});
  EXPECT_EQ(all.find('\n'), all.size() - 1) << "one line";
  const Json json = Json::parse(all);
  const Json& variables = json["environment"];
  ASSERT_EQ(variables.size(), 5U);
  EXPECT_EQ(variables[0], (Json{{"name", "PLAIN"}, {"value", "a"}}));
  EXPECT_EQ(variables[1]["value"], "");
  EXPECT_EQ(variables[2]["value"], "a\nb\"c$d");
  EXPECT_EQ(variables[3], (Json{{"name", "EQUALS"}, {"value", "a=b"}}));
  EXPECT_EQ(variables[4], (Json{{"name", "BYTES"}, {"base64", "//4="}}));
  EXPECT_EQ(json["leftOut"].size(), 1U);
}

TEST_F(ContainerContextTest, AVolumesFilesHaveTheNamesThatItsUserSees) {
  publish("2026_1", "secret");
  fs::permissions(dir_ / "..2026_1" / "nested" / "key", fs::perms(0640));
  const Json json = describe();
  ASSERT_EQ(json["files"].size(), 1U);
  EXPECT_EQ(json["files"][0]["path"], (dir_ / "nested" / "key").string());
  EXPECT_EQ(json["files"][0]["mode"], 0640);
  EXPECT_EQ(json["files"][0]["base64"], "c2VjcmV0");
  EXPECT_TRUE(json["leftOut"].empty());
}

TEST_F(ContainerContextTest, WhatTheKubeletSwapsInIsNoticed) {
  publish("2026_1", "one");
  const MountedFiles before = list();
  EXPECT_EQ(before, list());
  publish("2026_2", "two");
  EXPECT_NE(before, list());
  EXPECT_EQ(describe()["files"][0]["base64"], "dHdv");
}

TEST_F(ContainerContextTest, WhatIsTooLargeIsLeftOutByName) {
  std::ofstream(dir_ / "huge") << std::string(kMaxServedFile + 1, 'x');
  std::ofstream(dir_ / "small") << "x";
  const Json json = describe();
  EXPECT_EQ(json["files"].size(), 1U);
  ASSERT_EQ(json["leftOut"].size(), 1U);
  EXPECT_EQ(json["leftOut"][0], (dir_ / "huge").string() + ": larger than 1 MiB");
}

TEST_F(ContainerContextTest, AllFilesTogetherAreBounded) {
  for (int i = 0; i < 9; ++i) {
    std::ofstream(dir_ / std::to_string(i)) << std::string(kMaxServedFile, 'x');
  }
  const Json json = describe();
  EXPECT_EQ(json["files"].size(), 8U);
  EXPECT_THAT(json["leftOut"][0].get<std::string>(), HasSubstr("8 MiB"));
}

TEST_F(ContainerContextTest, LinksInCirclesEnd) {
  fs::create_directory_symlink(".", dir_ / "again");
  std::ofstream(dir_ / "file") << "x";
  const MountedFiles listed = list();
  EXPECT_EQ(listed.files.count((dir_ / "file").string()), 1U);
  EXPECT_FALSE(listed.left_out.empty());
}

TEST_F(ContainerContextTest, AMissingMountIsNamed) {
  const MountedFiles listed = list_mounts({(dir_ / "nothing").string()});
  ASSERT_EQ(listed.left_out.size(), 1U);
  EXPECT_THAT(listed.left_out[0], HasSubstr("nothing: No such file"));
}

TEST_F(ContainerContextTest, AMountMayBeASingleFile) {
  std::ofstream(dir_ / "config.yaml") << "x";
  const MountedFiles listed = list_mounts({(dir_ / "config.yaml").string(), dir_.string()});
  EXPECT_EQ(listed.files.size(), 1U) << "named by two mounts, served once";
}

}  // namespace
}  // namespace ferry::proxy
