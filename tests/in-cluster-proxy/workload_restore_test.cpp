#include "in-cluster-proxy/workload_restore.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/in-cluster-proxy/harness.h"

namespace ferry::proxy {
namespace {

using namespace ferry::proxy::testing;
using ::testing::HasSubstr;

class WorkloadRestoreTest : public ::testing::Test {
 protected:
  WorkloadRestoreTest() {
    std::string pattern = ::testing::TempDir() + "ferry-restore-XXXXXX";
    dir_ = mkdtemp(pattern.data());
    std::ofstream(dir_ / "token") << "a token";
    std::ofstream(dir_ / "ca.crt") << certificates().ca_pem;
    stand_in_.restore = RestoreTarget{"shop", "deployment", "web"};
    stand_in_.restore_credentials = dir_.string();
  }
  ~WorkloadRestoreTest() override { std::filesystem::remove_all(dir_); }

  static kube::Environment api_server_at(const net::HostPort& address) {
    return {{"KUBERNETES_SERVICE_HOST", address.host},
            {"KUBERNETES_SERVICE_PORT", std::to_string(address.port)},
            {"HTTPS_PROXY", "http://127.0.0.1:1"}};
  }
  Status attempt(WorkloadRestore& restore) {
    std::optional<Status> said;
    restore.start([&](Status status) {
      said = std::move(status);
      loop_.poke();
    });
    EXPECT_TRUE(loop_.run_until([&] { return said.has_value(); }));
    return said.value_or(Status{});
  }

  TestLoop loop_;
  StandInConfig stand_in_{.id = "a1b2"};
  std::filesystem::path dir_;
};

TEST_F(WorkloadRestoreTest, WithoutAnApiServerItSaysSoEachTime) {
  WorkloadRestore restore(*loop_, stand_in_, {});
  for (int i = 0; i < 2; ++i) {
    const Status status = attempt(restore);
    ASSERT_FALSE(status);
    EXPECT_THAT(status.error().summary(), HasSubstr("KUBERNETES_SERVICE_HOST"));
  }
}

TEST_F(WorkloadRestoreTest, WithoutItsCredentialsItSaysWhichFileIsMissing) {
  std::filesystem::remove(dir_ / "token");
  WorkloadRestore restore(*loop_, stand_in_, api_server_at({"127.0.0.1", 1}));
  const Status status = attempt(restore);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().what, HasSubstr("token"));
}

TEST_F(WorkloadRestoreTest, GoesStraightToTheApiServer) {
  Service server(loop_);
  WorkloadRestore restore(*loop_, stand_in_, api_server_at(server.address()));
  restore.start([](const Status&) {});
  // A TLS greeting (RFC 8446, 5.1: record type 22), not an HTTP proxy's CONNECT.
  ASSERT_TRUE(loop_.run_until(
      [&] { return !server.sockets.empty() && !server.sockets[0]->seen.received.empty(); }));
  EXPECT_EQ(server.sockets[0]->seen.received[0], 22);
}

// The server of this test never answers: without cancelling, it would last for minutes.
TEST_F(WorkloadRestoreTest, AnAttemptIsGivenUpWhenItGoesAway) {
  Service silent(loop_);
  const TimePoint before = loop_->now();
  {
    WorkloadRestore restore(*loop_, stand_in_, api_server_at(silent.address()));
    restore.start([](const Status&) {});
    ASSERT_TRUE(loop_.run_until([&] { return !silent.sockets.empty(); }));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(8));
}

}  // namespace
}  // namespace ferry::proxy
