#include "kube/diagnose/pod_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kube/fixture.h"

namespace ferry::diagnose {
namespace {

using kube::Json;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

PodFacts recorded(const std::string& name) {
  const Json fixture = kube::fixture("sick-" + name);
  return {.pod = fixture.at("pod"),
          .events = fixture.at("events").get<std::vector<Json>>(),
          .last_lines = {}};
}

Finding only_finding(const PodFacts& facts) {
  const auto findings = pod_findings(facts);
  EXPECT_EQ(findings.size(), 1U);
  return findings.empty() ? Finding{} : findings.front();
}

// What the cluster recorded, the finding it must lead to, and what has to be among the evidence.
struct Sick {
  std::string name;
  std::string code;
  std::string cause;     // part of it
  std::string evidence;  // part of a line
};

class SickPodTest : public testing::TestWithParam<Sick> {};

TEST_P(SickPodTest, IsRecognized) {
  const auto finding = only_finding(recorded(GetParam().name));
  EXPECT_EQ(name_of(finding.code), GetParam().code);
  EXPECT_THAT(finding.object, HasSubstr("pod/" + GetParam().name));
  EXPECT_THAT(finding.cause, HasSubstr(GetParam().cause));
  if (!GetParam().evidence.empty()) {
    EXPECT_THAT(finding.evidence, Contains(HasSubstr(GetParam().evidence)));
  }
  EXPECT_NE(finding.fix, "");
}

INSTANTIATE_TEST_SUITE_P(
    Recorded, SickPodTest,
    testing::Values(
        Sick{"command-missing", "command-not-found", "no such command", "/no/such/command"},
        Sick{"completed", "completed", "done its work", ""},
        Sick{"config-missing", "config-missing", "not there", "configmap \"absent\" not found"},
        Sick{"crash", "crash-loop", "exit code 7", "restarted 3 times"},
        Sick{"failed", "container-failed", "exit code 9", ""},
        Sick{"image-bad-name", "image-name-invalid", "not one", "must be lowercase"},
        Sick{"image-missing", "registry-unreachable", "registry", "localhost:1/no/such:1"},
        Sick{"image-never", "image-not-on-node", "may not be pulled", "pull policy of Never"},
        Sick{"init-fails", "crash-loop", "exit code 4", "restarted 3 times"},
        Sick{"liveness-restarts", "liveness-probe-fails", "killed and started again",
             "can't open '/tmp/healthy'"},
        Sick{"never-ready-exec", "readiness-probe-fails", "command fails", "run cat /tmp/healthy"},
        Sick{"never-ready-http", "readiness-probe-fails", "nothing at the path", "GET http://:"},
        Sick{"never-ready-refused", "readiness-probe-fails", "nothing listens",
             "connection refused"},
        Sick{"never-ready-timeout", "crash-loop", "exit code 1", "restarted 3 times"},
        Sick{"pending-resources", "unschedulable-resources", "no node", "too little cpu is free"},
        Sick{"pending-selector", "unschedulable-selector", "no node", "its node selector: "},
        Sick{"startup-never", "startup-probe-fails", "nothing listens", "connect to port 1"},
        Sick{"volume-missing", "volume-not-mounted", "can't be mounted",
             "secret \"absent\" not found"}),
    [](const auto& sick) {
      std::string name = sick.param.name;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

TEST(PodFindingsTest, AHealthyPodHasNone) {
  for (const Json& pod : kube::fixture_items("pods-list")) {
    EXPECT_THAT(pod_findings({.pod = pod, .events = {}, .last_lines = {}}), IsEmpty());
  }
}

TEST(PodFindingsTest, NonsenseIsReadWithoutHarm) {
  for (const char* text :
       {"null", "[]", R"({"status":[]})", R"({"status":{"phase":7}})",
        R"({"spec":{"containers":[1,null]},"status":{"containerStatuses":[{}]}})"}) {
    pod_findings({.pod = Json::parse(text), .events = {Json(), Json(3)}, .last_lines = {}});
    wanted_logs(Json::parse(text));
  }
}

TEST(PodFindingsTest, TheLastLinesOfACrashedContainerAreEvidence) {
  auto facts = recorded("crash");
  EXPECT_THAT(wanted_logs(facts.pod), ElementsAre(WantedLog{"main", false}));
  for (int i = 0; i < 12; ++i) facts.last_lines["main"].push_back(std::to_string(i));
  const auto finding = only_finding(facts);
  EXPECT_THAT(finding.evidence,
              AllOf(Contains("log: 11"), Contains("log: 2"), testing::Not(Contains("log: 1"))));
}

TEST(PodFindingsTest, TheRunBeforeIsAskedForItsLogWhileTheNextIsWaitedFor) {
  EXPECT_THAT(wanted_logs(recorded("never-ready-timeout").pod),
              ElementsAre(WantedLog{"main", true}));
  EXPECT_THAT(wanted_logs(recorded("init-fails").pod), ElementsAre(WantedLog{"first", false}));
  EXPECT_THAT(wanted_logs(recorded("completed").pod), IsEmpty());
  EXPECT_THAT(wanted_logs(recorded("image-missing").pod), IsEmpty());
}

TEST(PodFindingsTest, OutOfMemoryIsToldFromAKill) {
  auto facts = recorded("crash");
  auto& state = facts.pod["status"]["containerStatuses"][0]["state"]["terminated"];
  state["exitCode"] = 137;
  EXPECT_THAT(only_finding(facts).cause, HasSubstr("SIGKILL"));
  state["reason"] = "OOMKilled";
  facts.pod["spec"]["containers"][0]["resources"] = {{"limits", {{"memory", "64Mi"}}}};
  const auto finding = only_finding(facts);
  EXPECT_EQ(name_of(finding.code), "out-of-memory");
  EXPECT_THAT(finding.evidence, Contains("memory limit: 64Mi"));
}

TEST(PodFindingsTest, ARegistrysRefusalIsToldFromAMissingImage) {
  auto facts = recorded("image-missing");
  const auto say = [&](const std::string& words) {
    for (Json& event : facts.events) {
      if (event["message"].get<std::string>().starts_with("Failed to pull")) {
        event["message"] = "Failed to pull image \"x\": " + words;
      }
    }
    return name_of(only_finding(facts).code);
  };
  EXPECT_EQ(say("pull access denied, repository does not exist"), "image-access-denied");
  EXPECT_EQ(say("manifest unknown: x:2 not found"), "image-not-found");
  EXPECT_EQ(say("dial tcp: lookup r.example: no such host"), "registry-unreachable");
  EXPECT_EQ(say("something else"), "image-pull-fails");
}

TEST(PodFindingsTest, AProgramThatEndsWithoutErrorIsToldFromACrash) {
  auto facts = recorded("crash");
  facts.pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] = 0;
  EXPECT_THAT(only_finding(facts).cause, HasSubstr("without an error"));
}

TEST(PodFindingsTest, AnUnmetReadinessGateIsNamed) {
  Json pod = kube::fixture_items("pods-list").at(0);
  pod["spec"]["readinessGates"] = {{{"conditionType", "lb.example/registered"}}};
  const auto finding = only_finding({.pod = pod, .events = {}, .last_lines = {}});
  EXPECT_EQ(name_of(finding.code), "readiness-gate");
  EXPECT_THAT(finding.cause, HasSubstr("lb.example/registered"));
}

TEST(PodFindingsTest, APodThatIsDeletedSaysWhoHoldsIt) {
  Json pod = kube::fixture_items("pods-list").at(0);
  pod["metadata"]["deletionTimestamp"] = "2026-11-20T16:37:00Z";
  pod["metadata"]["finalizers"] = {"example.com/hold"};
  const auto finding = only_finding({.pod = pod, .events = {}, .last_lines = {}});
  EXPECT_EQ(name_of(finding.code), "terminating");
  EXPECT_THAT(finding.evidence, Contains(HasSubstr("example.com/hold")));
}

}  // namespace
}  // namespace ferry::diagnose
