#include "cli/daemon_start.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "daemon/control/server.h"
#include "tests/cli/temp_dir.h"
#include "tests/fakes/fake_service.h"

namespace ferry::cli {
namespace {

using testing::HasSubstr;

// A ferryd in PATH that is a shell script: what it says and how it ends is the test's.
class DaemonStartTest : public testing::Test {
 protected:
  DaemonStartTest() {
    paths_.runtime_dir = dir_.path();
    paths_.socket = dir_.path() + "/s";
  }

  void ferryd(const std::string& script) {
    const auto path = dir_.write("bin/ferryd", "#!/bin/sh\n" + script + "\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }

  control::GetEnv get_env() {
    return [this](const std::string& name) -> std::optional<std::string> {
      if (name == "PATH") return "relative:/nonexistent:" + dir_.path() + "/bin";
      return std::nullopt;
    };
  }

  Error failure() {
    const auto client = ensure_daemon(paths_, get_env(), "debug");
    EXPECT_FALSE(client);
    return client ? Error{} : client.error();
  }

  TempDir dir_;
  control::Paths paths_;
};

TEST_F(DaemonStartTest, UsesTheDaemonThatRuns) {
  control::FakeService service;
  control::Server server(service, {.socket_path = paths_.socket});
  ASSERT_TRUE(server.start());
  EXPECT_TRUE(ensure_daemon(paths_, get_env(), ""));
  EXPECT_TRUE(running_daemon(paths_).value());
}

TEST_F(DaemonStartTest, KnowsThatNoneRuns) {
  EXPECT_FALSE(running_daemon(paths_).value());
  dir_.write("s", "a file where the socket was");
  EXPECT_FALSE(running_daemon(paths_).value());
}

TEST_F(DaemonStartTest, SaysWhereItLookedForOne) {
  const auto error = failure();
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_THAT(error.why, HasSubstr("nor in PATH"));
}

TEST_F(DaemonStartTest, RepeatsWhatADaemonSaidThatDidNotStart) {
  ferryd("echo \"got $*\" >&2; exit 1");
  const auto error = failure();
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(error.why, "got --background --log-level debug");
  EXPECT_THAT(error.what, HasSubstr(dir_.path() + "/bin/ferryd"));
}

TEST_F(DaemonStartTest, WaitsUntilTheDaemonServes) {
  control::FakeService service;
  control::Server server(service, {.socket_path = paths_.socket});
  ferryd("touch " + dir_.path() + "/started; exit 0");
  std::thread late([&] {
    while (!std::filesystem::exists(dir_.path() + "/started")) std::this_thread::yield();
    EXPECT_TRUE(server.start());
  });
  EXPECT_TRUE(ensure_daemon(paths_, get_env(), ""));
  late.join();
}

TEST_F(DaemonStartTest, WhatAnEarlierDaemonLeftIsSeenWithoutOne) {
  paths_.links_file = dir_.path() + "/links.json";
  paths_.swaps_file = dir_.path() + "/swaps.json";
  EXPECT_FALSE(something_is_left(paths_)) << "no files";
  std::ofstream(paths_.links_file) << "[]";
  std::ofstream(paths_.swaps_file) << "[]";
  EXPECT_FALSE(something_is_left(paths_));
  std::ofstream(paths_.links_file) << R"([{"id":"1"}])";
  EXPECT_TRUE(something_is_left(paths_));
  EXPECT_FALSE(swaps_are_left(paths_));
  std::ofstream(paths_.swaps_file) << R"([{"id":"a"}])";
  EXPECT_TRUE(swaps_are_left(paths_));
}

TEST(VersionMismatchTest, SaysWhatToDo) {
  EXPECT_FALSE(version_mismatch("0.1.0", "0.1.0", "ferry"));
  const auto error = version_mismatch("0.2.0", "0.1.0", "kubectl ferry");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kVersionMismatch);
  EXPECT_EQ(error->why, "ferryd 0.1.0 is running, and this is ferry 0.2.0");
  EXPECT_THAT(error->fix, HasSubstr("'kubectl ferry quit'"));
}

}  // namespace
}  // namespace ferry::cli
