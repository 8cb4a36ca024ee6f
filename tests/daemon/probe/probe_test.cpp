#include "daemon/probe/probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ferry::daemon {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

ContainerProbes parse(const char* container) {
  auto probes = parse_probes(json::parse(container));
  EXPECT_TRUE(probes) << (probes ? "" : probes.error().summary());
  return probes ? *probes : ContainerProbes{};
}

Error parse_error(const char* container) {
  auto probes = parse_probes(json::parse(container));
  EXPECT_FALSE(probes);
  return probes ? Error{} : probes.error();
}

TEST(ProbeParseTest, AContainerWithoutProbesHasNone) {
  const auto probes = parse(R"({"name": "web"})");
  EXPECT_EQ(probes.container, "web");
  EXPECT_FALSE(probes.startup || probes.readiness || probes.liveness);
}

// https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#configure-probes
// "Defaults to ..." of each field.
TEST(ProbeParseTest, FieldsLeftOutAreAsTheApiServerFillsThemIn) {
  for (const char* text :
       {R"({"readinessProbe": {"tcpSocket": {"port": 80}}})",
        R"({"readinessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 0, "timeoutSeconds": 0,
            "successThreshold": 0, "failureThreshold": 0}})"}) {
    const auto probes = parse(text);
    ASSERT_TRUE(probes.readiness);
    const ProbeTiming& timing = probes.readiness->timing;
    EXPECT_EQ(timing.initial_delay, seconds(0));
    EXPECT_EQ(timing.period, seconds(10));
    EXPECT_EQ(timing.timeout, seconds(1));
    EXPECT_EQ(timing.success_threshold, 1);
    EXPECT_EQ(timing.failure_threshold, 3);
  }
}

TEST(ProbeParseTest, FieldsThatAreStatedAreTaken) {
  const auto probes = parse(R"({"startupProbe": {"tcpSocket": {"port": 80},
      "initialDelaySeconds": 7, "periodSeconds": 5, "timeoutSeconds": 2, "successThreshold": 1,
      "failureThreshold": 30}, "livenessProbe": {"tcpSocket": {"port": 81}}})");
  ASSERT_TRUE(probes.startup && probes.liveness);
  EXPECT_FALSE(probes.readiness);
  EXPECT_EQ(probes.startup->timing.initial_delay, seconds(7));
  EXPECT_EQ(probes.startup->timing.period, seconds(5));
  EXPECT_EQ(probes.startup->timing.timeout, seconds(2));
  EXPECT_EQ(probes.startup->timing.failure_threshold, 30);
  EXPECT_EQ(std::get<TcpSocketAction>(probes.liveness->action).port.number, 81);
}

// https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#http-probes
// "path: ... Defaults to "/".", "scheme: ... Defaults to "HTTP"."
TEST(ProbeParseTest, HttpGetHasDefaultsOfItsOwn) {
  const auto probes = parse(R"({"readinessProbe": {"httpGet": {"port": 8080}}})");
  const auto& action = std::get<HttpGetAction>(probes.readiness->action);
  EXPECT_FALSE(action.tls);
  EXPECT_EQ(action.host, "");
  EXPECT_EQ(action.path, "/");
  EXPECT_EQ(action.port.number, 8080);
}

TEST(ProbeParseTest, HttpGetKeepsRepeatedHeadersInTheirOrder) {
  const auto probes = parse(R"({"readinessProbe": {"httpGet": {"port": 8443, "scheme": "HTTPS",
      "host": "example.org", "path": "/a?b=c", "httpHeaders": [{"name": "X", "value": "1"},
      {"name": "Accept", "value": ""}, {"name": "X", "value": "2"}]}}})");
  const auto& action = std::get<HttpGetAction>(probes.readiness->action);
  EXPECT_TRUE(action.tls);
  EXPECT_EQ(action.host, "example.org");
  EXPECT_EQ(action.path, "/a?b=c");
  EXPECT_THAT(action.headers, ElementsAre(Pair("X", "1"), Pair("Accept", ""), Pair("X", "2")));
}

// https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#use-a-named-port
TEST(ProbeParseTest, NamedPortsAreThoseOfTheContainer) {
  const auto probes = parse(R"({"ports": [{"name": "admin", "containerPort": 9090},
      {"name": "web", "containerPort": 8080}],
      "readinessProbe": {"httpGet": {"port": "web"}},
      "livenessProbe": {"tcpSocket": {"port": "9091"}},
      "startupProbe": {"tcpSocket": {"port": "nowhere"}}})");
  EXPECT_EQ(std::get<HttpGetAction>(probes.readiness->action).port.number, 8080);
  EXPECT_EQ(std::get<TcpSocketAction>(probes.liveness->action).port.number, 9091);
  EXPECT_EQ(std::get<TcpSocketAction>(probes.startup->action).port.number, 0);
  EXPECT_EQ(std::get<TcpSocketAction>(probes.startup->action).port.name, "nowhere");
}

// https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#define-a-grpc-liveness-probe
TEST(ProbeParseTest, GrpcMayNameAService) {
  const auto probes = parse(R"({"readinessProbe": {"grpc": {"port": 2379, "service": "ready"}},
                               "livenessProbe": {"grpc": {"port": 2379}}})");
  EXPECT_EQ(std::get<GrpcAction>(probes.readiness->action).port.number, 2379);
  EXPECT_EQ(std::get<GrpcAction>(probes.readiness->action).service, "ready");
  EXPECT_EQ(std::get<GrpcAction>(probes.liveness->action).service, "");
}

// https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/#use-environment-variables-to-define-arguments
TEST(ProbeParseTest, CommandsAreExpandedWithWhatTheContainerStates) {
  const auto probes = parse(R"json({"env": [{"name": "FILE", "value": "/tmp/ok"},
      {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}],
      "livenessProbe": {"exec": {"command":
      ["cat", "$(FILE)", "a$(FILE)b$(NONE)", "$$(FILE)", "$FILE $", "$(FILE", "[$(SECRET)]"]}}})json");
  EXPECT_THAT(
      std::get<ExecAction>(probes.liveness->action).command,
      ElementsAre("cat", "/tmp/ok", "a/tmp/okb$(NONE)", "$(FILE)", "$FILE $", "$(FILE", "[]"));
}

TEST(ProbeParseTest, AProbeThatSaysTooLittleIsAnError) {
  EXPECT_THAT(parse_error(R"({"name": "web", "readinessProbe": {"periodSeconds": 5}})").summary(),
              HasSubstr("readinessProbe of container web"));
  EXPECT_EQ(parse_error(R"({"readinessProbe": {"httpGet": {"path": "/"}}})").code,
            ErrorCode::kInvalid);
  parse_error(R"({"livenessProbe": {"tcpSocket": {"port": 70000}}})");
  parse_error(R"({"livenessProbe": {"exec": {"command": []}}})");
  parse_error(R"({"startupProbe": {"grpc": {"port": "named"}}})");
}

}  // namespace
}  // namespace ferry::daemon
