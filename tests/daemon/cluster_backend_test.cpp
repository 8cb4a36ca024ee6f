#include "daemon/cluster_backend.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "net/loop.h"
#include "tests/daemon/temporary_directory.h"

namespace ferry::daemon {
namespace {

class ClusterBackendTest : public ::testing::Test {
 protected:
  std::string write(const std::string& name) const {
    const std::string path = directory_.path() / name;
    std::ofstream(path) << "{\"current-context\": \"" << name << "\", \"clusters\": [{\"name\": \""
                        << name << "\", \"cluster\": {\"server\": \"https://" << name
                        << "\"}}], \"contexts\": [{\"name\": \"" << name
                        << "\", \"context\": {\"cluster\": \"" << name << "\"}}]}";
    return path;
  }

  const testing::TemporaryDirectory directory_;
  net::Loop loop_;
  ClusterBackend backend_{loop_, directory_.path()};
};

TEST_F(ClusterBackendTest, SaysWhichFilesItReadAsAbsolutePaths) {
  const auto one = write("one");
  const auto two = write("two");
  const auto cluster = backend_.open_cluster(
      {.working_directory = directory_.path(), .environment = {{"KUBECONFIG", "one:two"}}});
  ASSERT_TRUE(cluster) << cluster.error().summary();
  EXPECT_EQ(cluster->context, "one");
  EXPECT_EQ(cluster->kubeconfig_list, one + ":" + two);
}

TEST_F(ClusterBackendTest, AListOfItsOwnGoesBeforeThatOfTheEnvironment) {
  const auto one = write("one");
  const auto two = write("two");
  const auto cluster =
      backend_.open_cluster({.kubeconfig_list = two, .environment = {{"KUBECONFIG", one}}});
  ASSERT_TRUE(cluster) << cluster.error().summary();
  EXPECT_EQ(cluster->context, "two");
}

TEST_F(ClusterBackendTest, AnInstallationKeepsItsIdForItself) {
  const std::string id = backend_.installation_id();
  EXPECT_EQ(id.size(), 32U);
  ClusterBackend later(loop_, directory_.path());
  EXPECT_EQ(later.installation_id(), id);
  const auto mode = std::filesystem::status(directory_.path() / "installation").permissions();
  EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::ofstream(directory_.path() / "installation") << "";  // after a crash of the machine
  EXPECT_NE(later.installation_id(), id);
  ClusterBackend nowhere(loop_, directory_.path() / "no" / "such");
  EXPECT_EQ(nowhere.installation_id(), "");
}

}  // namespace
}  // namespace ferry::daemon
