#include "daemon/link_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "tests/daemon/temporary_directory.h"

namespace ferry::daemon {
namespace {

class LinkStoreTest : public ::testing::Test {
 protected:
  std::string path() const { return directory_.path() / "links.json"; }
  void write(const std::string& text) const { std::ofstream(path()) << text; }
  std::string read() const {
    std::ostringstream text;
    text << std::ifstream(path()).rdbuf();
    return text.str();
  }
  static StoredLink example() {
    StoredLink link{.id = "f7"};
    link.spec.kube.context = "work";
    link.spec.kube.kubeconfig_list = "/a:/b";
    link.spec.kube.environment["TOKEN"] = "hush";
    link.spec.target = {control::TargetKind::kDeployment, "web"};
    link.spec.ports = {{.local = 8080, .remote = {.name = "http"}}};
    link.spec.detach = true;
    return link;
  }

  const testing::TemporaryDirectory directory_;
  const LinkStore store_{path()};
};

TEST_F(LinkStoreTest, NoFileMeansNoLinks) {
  const auto links = store_.load();
  ASSERT_TRUE(links);
  EXPECT_TRUE(links->empty());
}

TEST_F(LinkStoreTest, WhatWasSavedIsLoaded) {
  ASSERT_TRUE(store_.save({example()}));
  const auto links = store_.load();
  ASSERT_TRUE(links);
  ASSERT_EQ(links->size(), 1U);
  EXPECT_EQ(links->front().id, "f7");
  auto expected = example().spec;
  expected.kube.environment.clear();
  EXPECT_EQ(links->front().spec, expected);
}

TEST_F(LinkStoreTest, TheEnvironmentIsNotWrittenDown) {
  ASSERT_TRUE(store_.save({example()}));
  EXPECT_THAT(read(), ::testing::Not(::testing::HasSubstr("hush")));
}

TEST_F(LinkStoreTest, NobodyElseMayReadTheFile) {
  ASSERT_TRUE(store_.save({example()}));
  struct stat info {};
  ASSERT_EQ(stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(LinkStoreTest, AnEntryThatDoesNotParseIsLeftOut) {
  ASSERT_TRUE(store_.save({example()}));
  std::string text = read();
  write("[{\"id\": \"f1\", \"spec\": {\"target\": 5}}, 7," + text.substr(text.find('[') + 1));
  const auto links = store_.load();
  ASSERT_TRUE(links);
  ASSERT_EQ(links->size(), 1U);
  EXPECT_EQ(links->front().id, "f7");
}

TEST_F(LinkStoreTest, AFileThatIsNoListIsAnError) {
  for (const char* text : {"", "{}", "[", "\0\0\0"}) {
    write(text);
    const auto links = store_.load();
    ASSERT_FALSE(links) << text;
    EXPECT_EQ(links.error().code, ErrorCode::kInvalid);
  }
}

TEST_F(LinkStoreTest, AFileThatIsNoListIsNotLostToTheNextSave) {
  write("[{\"id\": \"f7\",");
  const auto links = store_.load();
  ASSERT_FALSE(links);
  EXPECT_THAT(links.error().fix, ::testing::HasSubstr("links.json.bad"));
  ASSERT_TRUE(store_.save({}));
  std::ostringstream aside;
  aside << std::ifstream(path() + ".bad").rdbuf();
  EXPECT_EQ(aside.str(), "[{\"id\": \"f7\",");
}

TEST_F(LinkStoreTest, ADirectoryThatIsNotThereIsAnError) {
  const LinkStore store(directory_.path() / "nowhere" / "links.json");
  EXPECT_EQ(store.save({}).error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace ferry::daemon
