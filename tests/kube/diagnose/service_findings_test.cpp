#include "kube/diagnose/service_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/diagnose/workload_findings.h"
#include "tests/kube/fixture.h"

namespace ferry::diagnose {
namespace {

using kube::Json;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A Service of two ready pods with a port "http" (8080), as recorded.
class ServiceFindingsTest : public testing::Test {
 protected:
  std::vector<std::string> codes() const {
    std::vector<std::string> codes;
    for (const auto& finding : service_findings(facts_)) codes.emplace_back(name_of(finding.code));
    return codes;
  }
  Json& spec() { return facts_.service["spec"]; }
  void endpoints(const std::string& name) { facts_.slices = kube::fixture_items(name); }

  ServiceFacts facts_{.service = kube::fixture_body("service"),
                      .slices = kube::fixture_items("endpointslices-ready"),
                      .pods = kube::fixture_items("pods-list")};
};

TEST_F(ServiceFindingsTest, OneThatServesHasNone) {
  EXPECT_THAT(service_findings(facts_), IsEmpty());
  endpoints("endpointslices-one-not-ready");
  EXPECT_THAT(service_findings(facts_), IsEmpty());
}

TEST_F(ServiceFindingsTest, ALabelThatDiffersIsNamed) {
  spec()["selector"] = {{"app", "web"}, {"tier", "back"}};
  endpoints("endpointslices-none");
  const auto findings = service_findings(facts_);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(name_of(findings[0].code), "selects-nothing");
  EXPECT_EQ(findings[0].object, "svc/web");
  EXPECT_THAT(findings[0].evidence, AllOf(Contains("selector: app=web,tier=back"),
                                          Contains(HasSubstr("tier=front, not back"))));
}

TEST_F(ServiceFindingsTest, ALabelThatIsMissingIsNamed) {
  spec()["selector"] = {{"app", "web"}, {"zone", "a"}};
  EXPECT_THAT(service_findings(facts_)[0].evidence, Contains(HasSubstr("no label zone")));
}

TEST_F(ServiceFindingsTest, OfPodsThatMatchNothingTheOneThatASlipMissesIsNearest) {
  spec()["selector"] = {{"app", "wel"}};
  Json other = facts_.pods.front();
  other["metadata"]["name"] = "another";
  other["metadata"]["labels"] = {{"app", "crash"}};
  Json meant = other;
  meant["metadata"]["name"] = "meant";
  meant["metadata"]["labels"] = {{"app", "well"}};
  facts_.pods = {other, meant};
  EXPECT_THAT(service_findings(facts_)[0].evidence, Contains(HasSubstr("app=well, not wel")));
}

TEST_F(ServiceFindingsTest, ANamespaceWithoutPodsSaysSo) {
  facts_.pods.clear();
  EXPECT_THAT(service_findings(facts_)[0].evidence, Contains("there are no pods in the namespace"));
}

TEST_F(ServiceFindingsTest, APortNameThatNoContainerHasIsNamed) {
  spec()["ports"][0]["targetPort"] = "web";
  const auto findings = service_findings(facts_);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(name_of(findings[0].code), "port-name-unknown");
  EXPECT_THAT(findings[0].evidence, ElementsAre("declared: 8080 (http)"));
}

TEST_F(ServiceFindingsTest, ThatAnUnknownPortNameLeavesNoEndpointsIsNoFindingOfItsOwn) {
  spec()["ports"][0]["targetPort"] = "htp";
  endpoints("endpointslices-empty");
  EXPECT_THAT(codes(), ElementsAre("port-name-unknown"));
}

TEST_F(ServiceFindingsTest, ReadyPodsWithoutEndpointsAreCountedAsReady) {
  endpoints("endpointslices-empty");
  const auto findings = service_findings(facts_);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].cause, "none of its endpoints is ready");
  EXPECT_THAT(findings[0].evidence, Contains("2 pods selected, 2 ready"));
}

TEST_F(ServiceFindingsTest, NoPodIsNearWhereNothingIsAlikeAndFerrysOwnNeverAre) {
  spec()["selector"] = {{"app", "web"}};
  Json other = facts_.pods.front();
  other["metadata"]["labels"] = {{"app", "crash"}};
  Json own = other;
  own["metadata"]["labels"] = {{"app", "we"}, {"app.kubernetes.io/managed-by", "ferry"}};
  facts_.pods = {other, own};
  EXPECT_THAT(service_findings(facts_)[0].evidence, ElementsAre("selector: app=web"));
}

TEST_F(ServiceFindingsTest, ANumberThatNoContainerDeclaresIsAHint) {
  spec()["ports"][1]["targetPort"] = 9090;
  EXPECT_THAT(codes(), ElementsAre("port-undeclared"));
  for (Json& pod : facts_.pods) pod["spec"]["containers"][0].erase("ports");
  spec()["ports"].erase(0);
  EXPECT_THAT(codes(), IsEmpty()) << "declaring none at all is a custom, not a fault";
}

TEST_F(ServiceFindingsTest, NoReadyPodIsToldFromPodsThatAreEnding) {
  for (const char* state : {"ready", "serving"}) {
    for (Json& endpoint : facts_.slices[0]["endpoints"]) endpoint["conditions"][state] = false;
  }
  EXPECT_THAT(codes(), ElementsAre("no-ready-endpoints"));
  for (Json& endpoint : facts_.slices[0]["endpoints"]) endpoint["conditions"]["terminating"] = true;
  EXPECT_THAT(codes(), ElementsAre("endpoints-terminating"));
  endpoints("endpointslices-empty");
  EXPECT_THAT(codes(), ElementsAre("no-ready-endpoints"));
}

TEST_F(ServiceFindingsTest, WithoutASelectorSomebodyElseMakesTheEndpoints) {
  spec().erase("selector");
  EXPECT_THAT(codes(), IsEmpty());
  endpoints("endpointslices-empty");
  EXPECT_THAT(codes(), ElementsAre("no-selector"));
}

TEST_F(ServiceFindingsTest, AnExternalNameIsNoServiceOfPods) {
  spec() = {{"type", "ExternalName"}, {"externalName", "db.example"}};
  const auto findings = service_findings(facts_);
  EXPECT_THAT(codes(), ElementsAre("external-name"));
  EXPECT_THAT(findings[0].fix, HasSubstr("host/db.example"));
}

TEST(WorkloadFindingsTest, ScaledToZeroIsToldFromSwapped) {
  Json workload = kube::fixture_body("deployment-scaled-to-zero");
  EXPECT_EQ(name_of(workload_findings(workload, "deploy/web").at(0).code), "scaled-to-zero");
  workload["metadata"]["annotations"]["ferry.dev/swap"] = "{}";
  EXPECT_EQ(name_of(workload_findings(workload, "deploy/web").at(0).code), "swapped");
}

TEST(WorkloadFindingsTest, OneThatRunsHasNone) {
  EXPECT_THAT(workload_findings(kube::fixture_body("deployment-ready"), "deploy/web"), IsEmpty());
}

TEST(WorkloadFindingsTest, ConditionsThatHoldItBackAreTold) {
  Json workload = kube::fixture_body("deployment-ready");
  const auto first_code = [&](const Json& condition) {
    workload["status"]["conditions"] = Json::array({condition});
    const auto findings = workload_findings(workload, "deploy/web");
    return findings.empty() ? "" : name_of(findings[0].code);
  };
  EXPECT_EQ(first_code({{"type", "ReplicaFailure"},
                        {"status", "True"},
                        {"message", "pods \"web-1\" is forbidden: exceeded quota: small"}}),
            "quota-exceeded");
  EXPECT_EQ(first_code({{"type", "ReplicaFailure"}, {"status", "True"}, {"message", "no"}}),
            "pods-refused");
  EXPECT_EQ(first_code({{"type", "Progressing"}, {"status", "False"}}), "rollout-stuck");
  workload["spec"]["paused"] = true;
  EXPECT_EQ(first_code({}), "paused");
}

TEST(WorkloadFindingsTest, AStatefulSetsQuotaIsToldByAnEventForAsLongAsPodsAreMissing) {
  Json set = {
      {"metadata", {{"name", "db"}}}, {"spec", {{"replicas", 2}}}, {"status", {{"replicas", 1}}}};
  const std::vector<Json> events = {
      {{"reason", "FailedCreate"}, {"message", "create Pod db-1 failed: exceeded quota: small"}}};
  const auto findings = workload_findings(set, "sts/db", events);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(name_of(findings[0].code), "quota-exceeded");
  EXPECT_THAT(findings[0].evidence, Contains(HasSubstr("exceeded quota: small")));
  set["status"]["replicas"] = 2;
  EXPECT_THAT(workload_findings(set, "sts/db", events), IsEmpty());
}

}  // namespace
}  // namespace ferry::diagnose
