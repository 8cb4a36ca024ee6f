#include "in-cluster-proxy/workload_restore.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/fakes/fake_kube_api.h"
#include "tests/in-cluster-proxy/harness.h"
#include "tests/kube/test_server.h"

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

// An API server over TLS, by the certificate of the account's directory.
class ApiServer {
 public:
  ApiServer() {
    net::CertificateSpec spec;
    spec.common_name = "test authority";
    spec.not_before = std::chrono::system_clock::now() - std::chrono::hours(1);
    spec.not_after = std::chrono::system_clock::now() + std::chrono::hours(1);
    const auto authority = net::make_authority(spec);
    ca_pem = authority->certificate_pem;
    spec.common_name = "api server";
    spec.names = {"127.0.0.1"};
    const auto identity = net::make_certificate(spec, *authority);
    server.emplace([this](const auto& message, auto&) { return answer(message); },
                   kube::ServerTls{identity->certificate_pem, identity->key_pem, {}});
  }

  kube::FakeKubeApi objects;
  std::string ca_pem;
  std::optional<kube::HttpServer> server;

 private:
  kube::Reply answer(const kube::HttpMessage& message) {
    if (message.header("authorization") != "Bearer a token") return {.status = 401};
    kube::Request request{.method = message.method,
                          .path = message.target.substr(0, message.target.find('?')),
                          .content_type = message.header("content-type")};
    request.body = kube::Json::parse(message.body, nullptr, false);
    const auto answer = objects.request(request, never_);
    if (!answer) return {.status = 404, .body = R"({"kind": "Status", "code": 404})"};
    return {.body = answer->dump()};
  }
  const kube::CancelToken never_;
};

TEST_F(WorkloadRestoreTest, PutsTheOriginalBackAndRemovesItsOwnDeployment) {
  ApiServer server;
  std::ofstream(dir_ / "ca.crt") << server.ca_pem;
  const std::string record =
      R"({"version": 1, "id": "a1b2", "workload": "deployment/web", "standIn": "web-ferry",
          "replicas": 3, "wasAvailable": true, "scaling": true})";
  server.objects.put(
      kube::kDeployments, "shop",
      {{"metadata", {{"name", "web"}, {"annotations", {{"ferry.dev/swap", record}}}}},
       {"spec", {{"replicas", 0}}},
       {"status", {{"availableReplicas", 3}}}});
  server.objects.put(
      kube::kDeployments, "shop",
      {{"metadata", {{"name", "web-ferry"}, {"labels", {{"ferry.dev/stand-in", "a1b2"}}}}}});
  WorkloadRestore restore(*loop_, stand_in_, api_server_at({"127.0.0.1", server.server->port()}));
  const Status status = attempt(restore);
  ASSERT_TRUE(status) << status.error().summary();
  const auto web = server.objects.find(kube::kDeployments, "shop", "web");
  ASSERT_TRUE(web.has_value());
  EXPECT_EQ((*web)["spec"]["replicas"], 3);
  EXPECT_FALSE((*web)["metadata"]["annotations"].contains("ferry.dev/swap"));
  EXPECT_FALSE(server.objects.find(kube::kDeployments, "shop", "web-ferry").has_value());
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
