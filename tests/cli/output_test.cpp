#include "cli/output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "cli/diagnosis.h"
#include "cli/human.h"
#include "cli/settings.h"
#include "cli/swap_output.h"
#include "tests/cli/sample_status.h"
#include "tests/cli/schema_check.h"

namespace ferry::cli {
namespace {

control::Diagnosis sample_diagnosis() {
  return {.object = "svc/web",
          .kube_namespace = "shop",
          .pods = 2,
          .findings = {{.code = "crash-loop",
                        .object = "pod/web-1, container main",
                        .cause = "it ends with exit code 7",
                        .evidence = {"restarted 3 times", "log: no\x1bsuch file"},
                        .fix = "read its log"},
                       {.code = "port-undeclared", .object = "svc/web", .cause = "a hint"}}};
}

constexpr const char* kSchema = "docs/schema/output.schema.json";

View view(OutputFormat format) { return {format, kSampleNow}; }

TEST(OutputTest, StatusReadsWell) {
  EXPECT_EQ(status_text(sample_status(), view(OutputFormat::kTable)),
            R"(ferryd 0.1.0, pid 42, running for 120m

tunnel t1: pod/ferry-proxy-x
  state        ready for 65s
  round trip   1.5 ms
  streams      2; sent 2.0 KiB, received 4.8 MiB
  reconnected  2 times
  last error   reading from the tunnel: connection reset

link 3: svc/app in namespace shop, detached
  listens      127.0.0.1:8080 -> 80, [::1]:8080 -> 80, 127.0.0.1:40001 -> metrics
  state        active for 65s
  tested       12s ago, passed: a connection to svc/app
  route        proxy (tunnel t1)
  connections  2 open, 14 in all, 1 failed; sent 1.5 KiB, received 4.8 MiB (now 0 B/s and 2.0 KiB/s)
  last error   connecting to app:80: connection refused

link 4: host/db.internal, foreground
  listens      127.0.0.1:5432 -> 5432
  state        waiting for 4s: the tunnel is lost
  route        auto
  connections  0 open, 0 in all; sent 0 B, received 0 B
)");
}

TEST(OutputTest, ATestThatHasNoAnswerYetIsNotShownAsPassed) {
  auto status = sample_status();
  for (auto& link : status.links) link.test.under_way = true;
  EXPECT_THAT(status_text(status, view(OutputFormat::kTable)),
              testing::HasSubstr("  tested       again now; 12s ago, passed: a connection to"));
}

TEST(OutputTest, ListIsATable) {
  EXPECT_EQ(links_text(sample_status().links, view(OutputFormat::kTable)),
            "LINK   TARGET             NAMESPACE   PORTS                      STATE     AGE\n"
            "3      svc/app            shop        8080->80, 40001->metrics   active    61m\n"
            "4      host/db.internal   -           5432->5432                 waiting   50s\n");
  EXPECT_EQ(links_text(sample_status().links, view(OutputFormat::kName)), "3\n4\n");
  EXPECT_EQ(links_text({}, view(OutputFormat::kTable)), "no links\n");
  EXPECT_EQ(links_text({}, view(OutputFormat::kName)), "");
}

control::LinkStatus sample_swap() {
  control::LinkStatus link;
  link.id = "s1";
  link.target = {control::TargetKind::kDeployment, "web"};
  link.kube_namespace = "shop";
  link.state = control::LinkState::kActive;
  link.created = kSampleNow - 50'000;
  link.swap = control::SwapStatus{
      .swap_id = "5d0c",
      .container = "app",
      .stand_in = "web-ferry",
      .pod = "web-ferry-x",
      .phase = control::SwapPhase::kSwapped,
      .ports = {{.local = 8081, .remote = 80, .open = true}, {.local = 9090, .remote = 9090}},
      .probes =
          {{.probe = "readiness", .ok = false, .message = "got 503", .since = kSampleNow - 4000}},
      .orphan_restore = true,
      .original_replicas = 3};
  return link;
}

std::vector<control::SwapListing> sample_listings() {
  return {{.workload = {control::TargetKind::kDeployment, "web"},
           .kube_namespace = "shop",
           .swap_id = "5d0c",
           .owner = "ann@laptop",
           .stand_in = "web-ferry",
           .since = kSampleNow - 200'000,
           .replicas = 3,
           .state = "swapped"}};
}

TEST(OutputTest, ASwapIsALinkWithPortsThatLeadHere) {
  EXPECT_EQ(links_text({sample_swap()}, view(OutputFormat::kTable)),
            "LINK   TARGET       NAMESPACE   PORTS                    STATE    AGE\n"
            "s1     deploy/web   shop        8081<-80, (9090<-9090)   active   50s\n");
  control::DaemonStatus status;
  status.links = {sample_swap()};
  EXPECT_THAT(status_text(status, view(OutputFormat::kTable)),
              testing::HasSubstr(
                  R"(link s1: deploy/web in namespace shop, foreground
  answers      port 80 -> localhost:8081, port 9090 -> localhost:9090
  closed       nothing listens on 9090 here
  phase        swapped
  stand-in     pod/web-ferry-x, not ready, container app
  readiness    fails for 4s: got 503
  original     3 replicas; back by itself when left alone for 10m
  state        active
)"));
}

TEST(OutputTest, SwapsOfANamespaceAreATable) {
  EXPECT_EQ(swaps_text(sample_listings(), view(OutputFormat::kTable)),
            "TARGET       NAMESPACE   BY           REPLICAS   STATE     AGE\n"
            "deploy/web   shop        ann@laptop   3          swapped   3m20s\n");
  EXPECT_THAT(swaps_text(sample_listings(), view(OutputFormat::kWide)),
              testing::HasSubstr("web-ferry"));
  EXPECT_EQ(swaps_text(sample_listings(), view(OutputFormat::kName)), "deploy/web\n");
  auto unreadable = sample_listings();
  unreadable[0].replicas.reset();
  EXPECT_THAT(swaps_text(unreadable, view(OutputFormat::kTable)),
              testing::HasSubstr("ann@laptop   -          swapped"));
  EXPECT_EQ(swaps_text({}, view(OutputFormat::kTable)), "nothing is swapped\n");
}

TEST(OutputTest, APlanIsStepsWarningsAndObjects) {
  const control::SwapPlanText plan{
      .steps = {"make web-ferry", "scale web to 0"},
      .warnings = {{ErrorCode::kForbidden, "steering", "no right", "ask"}},
      .objects = {R"({"kind":"Deployment","on":["yes","a: b","2"]})", R"({"kind":"Secret"})"}};
  EXPECT_EQ(plan_text(plan, view(OutputFormat::kTable)),
            "1. make web-ferry\n2. scale web to 0\n\nwarning: steering\n    why: no right\n"
            "    try: ask\n    id:  other.forbidden\n\n---\nkind: Deployment\n\"on\":\n  - "
            "\"yes\"\n  - \"a: b\"\n  - \"2\"\n"
            "---\nkind: Secret\n");
}

TEST(OutputTest, ADiagnosisIsCausesWithTheirEvidence) {
  EXPECT_EQ(diagnosis_text(sample_diagnosis(), view(OutputFormat::kTable)),
            "svc/web in namespace shop: none of 2 pods ready\n\n"
            "1. pod/web-1, container main: it ends with exit code 7 (crash-loop)\n"
            "     restarted 3 times\n     log: no?such file\n   try: read its log\n\n"
            "2. svc/web: a hint (port-undeclared)\n");
  EXPECT_EQ(diagnosis_text({.object = "pod/a", .kube_namespace = "b", .pods = 1, .ready_pods = 1},
                           view(OutputFormat::kTable)),
            "pod/a in namespace b: 1 of 1 pod ready\nnothing wrong is seen\n");
}

TEST(OutputTest, AHostCannotBeDiagnosed) {
  Invocation invocation;
  invocation.target = "deployment/web";
  EXPECT_EQ(diagnose_spec(invocation).value().target,
            (control::Target{control::TargetKind::kDeployment, "web"}));
  invocation.target = "link/f1";
  EXPECT_EQ(diagnose_spec(invocation).value().link, "f1");
  for (const char* target : {"host/db.example", "link/", "svc/", "thing/web"}) {
    invocation.target = target;
    const auto spec = diagnose_spec(invocation);
    ASSERT_FALSE(spec) << target;
    EXPECT_EQ(spec.error().code, ErrorCode::kUsage);
  }
}

TEST(OutputTest, WideTellsTheRest) {
  const std::string wide = links_text(sample_status().links, view(OutputFormat::kWide));
  for (const char* part : {"staging", "proxy", "t1", "detached", "[::1]:8080 -> 80",
                           "connection refused", "the tunnel is lost"}) {
    EXPECT_THAT(wide, testing::HasSubstr(part));
  }
}

TEST(OutputTest, JsonKeepsItsContract) {
  const auto check = [](const std::string& text, const char* definition) {
    return schema_complaint(kSchema, definition, nlohmann::json::parse(text));
  };
  const auto json = view(OutputFormat::kJson);
  EXPECT_EQ(check(status_text(sample_status(), json), "status"), "");
  EXPECT_EQ(check(status_text(std::nullopt, json), "status"), "");
  EXPECT_EQ(check(links_text(sample_status().links, json), "list"), "");
  EXPECT_EQ(check(links_text({}, json), "list"), "");
  EXPECT_EQ(check(links_text({sample_swap()}, json), "list"), "");
  EXPECT_EQ(check(swaps_text(sample_listings(), json), "swaps"), "");
  EXPECT_EQ(check(swaps_text({}, json), "swaps"), "");
  EXPECT_EQ(
      check(plan_text({.steps = {"a"}, .warnings = {{ErrorCode::kForbidden, "a", "b", "c"}}}, json),
            "plan"),
      "");
  EXPECT_EQ(check(diagnosis_text(sample_diagnosis(), json), "diagnosis"), "");
  EXPECT_EQ(check(version_text("0.1.0", "", json), "version"), "");
  EXPECT_EQ(check(version_text("0.1.0", "0.0.9", json), "version"), "");
  Settings settings;
  for (const auto* name : kSettingNames) settings.values[name] = {"v", "default"};
  EXPECT_EQ(check(config_text(settings, json), "config"), "");
  control::Event event{.kind = control::EventKind::kEnded, .time = kSampleNow, .link_id = "3"};
  event.link = sample_link();
  event.tunnel = sample_status().tunnels.front();
  event.error = Error{ErrorCode::kForbidden, "a", "b", "c"};
  EXPECT_EQ(schema_complaint(kSchema, "event", to_json(event)), "");
  EXPECT_EQ(schema_complaint(kSchema, "event", to_json(control::Event{})), "");
}

TEST(OutputTest, TheSchemaRefusesWhatBreaksTheContract) {
  auto json = nlohmann::json::parse(status_text(sample_status(), view(OutputFormat::kJson)));
  json["links"][0]["state"] = "fine";
  EXPECT_EQ(schema_complaint(kSchema, "status", json), "$.links[0].state: not in enum");
  json["links"][0].erase("state");
  EXPECT_EQ(schema_complaint(kSchema, "status", json), "$.links[0]: misses \"state\"");
  json = nlohmann::json::parse(status_text(sample_status(), view(OutputFormat::kJson)));
  json["started"] = "yesterday";
  EXPECT_EQ(schema_complaint(kSchema, "status", json), "$.started: does not match");
  json["running"] = "yes";
  EXPECT_NE(schema_complaint(kSchema, "status", json), "");
}

TEST(OutputTest, TheSchemaKnowsEveryPhaseKindAndEvent) {
  for (int phase = 0; phase <= static_cast<int>(control::SwapPhase::kOver); ++phase) {
    auto link = sample_swap();
    link.swap->phase = static_cast<control::SwapPhase>(phase);
    EXPECT_EQ(schema_complaint(kSchema, "link", to_json(link)), "");
  }
  for (int kind = 0; kind <= static_cast<int>(control::kLastTargetKind); ++kind) {
    auto link = sample_link();
    link.target.kind = static_cast<control::TargetKind>(kind);
    EXPECT_EQ(schema_complaint(kSchema, "link", to_json(link)), "");
  }
  for (int kind = 0; kind <= static_cast<int>(control::kLastEventKind); ++kind) {
    const control::Event event{.kind = static_cast<control::EventKind>(kind)};
    EXPECT_EQ(schema_complaint(kSchema, "event", to_json(event)), "");
  }
}

TEST(OutputTest, TheSchemaKnowsEveryErrorCode) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::kUnsupported); ++code) {
    const auto json = control::to_json(Error{static_cast<ErrorCode>(code), "", "", ""});
    EXPECT_EQ(schema_complaint(kSchema, "error", json), "") << json;
  }
}

TEST(OutputTest, YamlSaysTheSameAsJson) {
  const auto yaml = YAML::Load(status_text(sample_status(), view(OutputFormat::kYaml)));
  EXPECT_EQ(yaml["running"].as<bool>(), true);
  EXPECT_EQ(yaml["links"].size(), 2U);
  EXPECT_EQ(yaml["links"][0]["id"].as<std::string>(), "3");
  EXPECT_EQ(yaml["links"][0]["id"].Tag(), "!") << "a number in quotes stays a text";
  EXPECT_EQ(yaml["links"][0]["traffic"]["bytesReceived"].as<int>(), 5'000'000);
  EXPECT_TRUE(yaml["links"][1]["lastError"].IsNull());
  EXPECT_EQ(YAML::Load(links_text({}, view(OutputFormat::kYaml)))["links"].size(), 0U);
}

TEST(OutputTest, VersionNamesBoth) {
  EXPECT_EQ(version_text("0.1.0", "", view(OutputFormat::kTable)),
            "ferry   0.1.0\nferryd  not running\n");
}

TEST(OutputTest, WordsOfOthersCannotDriveTheTerminal) {
  auto links = sample_status().links;
  links[1].reason = "\033[2Jgone\r";
  EXPECT_THAT(links_text(links, view(OutputFormat::kWide)), testing::HasSubstr("?[2Jgone?"));
}

TEST(HumanTest, NumbersAreShort) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1024), "1.0 KiB");
  EXPECT_EQ(human_bytes(10'240), "10 KiB");
  EXPECT_EQ(human_bytes(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(human_bytes(~std::uint64_t{0}), "16 EiB");
  EXPECT_EQ(human_age(-5), "0s");
  EXPECT_EQ(human_age(119'999), "119s");
  EXPECT_EQ(human_age(200'000), "3m20s");
  EXPECT_EQ(human_age(20 * 60'000), "20m");
  EXPECT_EQ(human_age(5 * 3'600'000 + 60'000), "5h1m");
  EXPECT_EQ(human_age(30LL * 3'600'000), "30h");
  EXPECT_EQ(human_age(72LL * 3'600'000), "3d");
  EXPECT_EQ(human_round_trip(0), "-");
  EXPECT_EQ(human_round_trip(420), "0.4 ms");
  EXPECT_EQ(human_seconds(3240), "3.2 s");
}

}  // namespace
}  // namespace ferry::cli
