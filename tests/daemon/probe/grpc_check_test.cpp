// The rules' sources:
// https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#define-a-grpc-liveness-probe
// https://github.com/grpc/grpc/blob/master/doc/health-checking.md
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/probe/probe_runner.h"
#include "tests/daemon/probe/grpc_server.h"

namespace ferry::daemon {
namespace {

using testing::GrpcAnswer;
using testing::GrpcServer;
using ::testing::HasSubstr;
using namespace std::string_literals;

constexpr std::uint16_t kContainerPort = 2379;

ProbeOutcome run(std::uint16_t port, const std::string& service = {},
                 Duration timeout = std::chrono::seconds(20)) {
  const kube::CancelToken cancel;
  return run_probe(
      {{.timeout = timeout}, GrpcAction{.port = {.number = kContainerPort}, .service = service}},
      {.ports = {{kContainerPort, port}}}, cancel);
}

ProbeOutcome run_against(GrpcAnswer answer) {
  const GrpcServer server(std::move(answer));
  return run(server.port());
}

// [health-checking]: SERVING is 1; "the application is considered healthy" by it alone.
TEST(GrpcCheckTest, TheStatusDecides) {
  EXPECT_EQ(run_against({.message = "\0\0\0\0\2\x08\1"s}).verdict, ProbeVerdict::kSuccess);
  const auto outcome = run_against({.message = "\0\0\0\0\2\x08\2"s});
  EXPECT_EQ(outcome.verdict, ProbeVerdict::kFailure);
  EXPECT_EQ(outcome.output, "service unhealthy (responded with \"NOT_SERVING\")");
  EXPECT_THAT(run_against({.message = "\0\0\0\0\0"s}).output, HasSubstr("UNKNOWN"));
  EXPECT_THAT(run_against({.message = "\0\0\0\0\2\x08\x63"s}).output, HasSubstr("\"99\""));
}

// https://protobuf.dev/programming-guides/encoding/: fields that aren't known are skipped.
TEST(GrpcCheckTest, OtherFieldsOfTheAnswerAreSkipped) {
  const std::string fields = "\x12\2hi\x18\x96\1\x25"s + "abcd\x29" + "abcdefgh\x08\1";
  const auto size = static_cast<char>(fields.size());
  EXPECT_EQ(run_against({.message = "\0\0\0\0"s + size + fields}).verdict, ProbeVerdict::kSuccess);
}

TEST(GrpcCheckTest, NonsenseIsAFailure) {
  for (const auto& message : {"\0\0\0"s, "\1\0\0\0\2\x08\1"s, "\0\0\0\0\1\x08"s,
                              "\0\0\0\0\2\x12\x7f"s, "\0\0\0\0\1\x0f"s}) {
    EXPECT_EQ(run_against({.message = message}).verdict, ProbeVerdict::kFailure);
  }
}

// "service: ... the name of the service to place in the gRPC HealthCheckRequest"
TEST(GrpcCheckTest, TheServiceIsNamed) {
  const GrpcServer server({.message = "\0\0\0\0\2\x08\1"s});
  run(server.port());
  EXPECT_EQ(server.request(), "\0\0\0\0\0"s);
  run(server.port(), "liveness");
  EXPECT_EQ(server.request(), "\0\0\0\0\x0a\x0a\x08liveness"s);
}

TEST(GrpcCheckTest, AServerWithoutTheHealthServiceIsAFailure) {
  const auto outcome =
      run_against({.trailers = {{"grpc-status", "12"}, {"grpc-message", "unknown service"}}});
  EXPECT_EQ(outcome.verdict, ProbeVerdict::kFailure);
  EXPECT_EQ(outcome.output,
            "error: this server does not implement the grpc health protocol "
            "(grpc.health.v1.Health): unknown service");
}

TEST(GrpcCheckTest, AServiceThatIsNotKnownIsAFailure) {
  const auto outcome =
      run_against({.trailers = {{"grpc-status", "5"}, {"grpc-message", "unknown service"}}});
  EXPECT_EQ(outcome.verdict, ProbeVerdict::kFailure);
  EXPECT_THAT(outcome.output, HasSubstr("code = NotFound desc = unknown service"));
}

TEST(GrpcCheckTest, AnErrorInTheTrailersCountsDespiteAnAnswer) {
  EXPECT_EQ(
      run_against({.message = "\0\0\0\0\2\x08\1"s, .trailers = {{"grpc-status", "14"}}}).verdict,
      ProbeVerdict::kFailure);
}

TEST(GrpcCheckTest, AnAnswerThatDoesNotComeInTimeIsAFailure) {
  const GrpcServer server({.silent = true});
  const auto outcome = run(server.port(), {}, std::chrono::milliseconds(100));
  EXPECT_EQ(outcome.verdict, ProbeVerdict::kFailure);
  EXPECT_THAT(outcome.output, HasSubstr("health rpc did not complete within"));
}

TEST(GrpcCheckTest, AServerOfHttp1IsAFailure) {
  kube::HttpServer server(
      [](const kube::HttpMessage&, kube::Connection&) { return kube::Reply{.status = 400}; });
  EXPECT_EQ(run(server.port()).verdict, ProbeVerdict::kFailure);
}

TEST(GrpcCheckTest, NothingThatListensIsAFailure) {
  std::uint16_t port = 0;
  { port = GrpcServer({}).port(); }
  const auto outcome = run(port);
  EXPECT_EQ(outcome.verdict, ProbeVerdict::kFailure);
  EXPECT_THAT(outcome.output, HasSubstr("failed to connect service at \"localhost:"));
}

}  // namespace
}  // namespace ferry::daemon
