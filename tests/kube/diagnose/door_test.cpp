#include "kube/diagnose/door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "kube/diagnose/diagnose.h"
#include "tests/kube/fixture.h"

namespace ferry::diagnose {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ServiceFacts recorded() {
  return {.service = kube::fixture_body("service"),
          .slices = kube::fixture_items("endpointslices-ready"),
          .pods = kube::fixture_items("pods-list")};
}

std::vector<std::string> places(const std::vector<Door>& doors) {
  std::vector<std::string> all;
  for (const auto& door : doors) all.push_back(door.object + " " + std::to_string(door.port));
  return all;
}

std::vector<std::string> codes(const std::vector<Finding>& findings) {
  std::vector<std::string> all;
  for (const auto& finding : findings) all.emplace_back(name_of(finding.code));
  return all;
}

const Door kPodDoor{"pod/web-1", "web-1", "10.244.0.7", 8080, {}};
const Door kOtherPodDoor{"pod/web-2", "web-2", "10.244.0.8", 8080, {}};
const Door kServiceDoor{"svc/web", "", "web.shop.svc", 80, {}};

TEST(DoorTest, AServiceHasItsOwnAddressAndThePortsOfItsPods) {
  auto facts = recorded();
  const auto doors = service_doors(facts);
  std::set<std::string> objects;
  for (const auto& door : doors) {
    objects.insert(door.object);
    if (door.pod.empty()) {
      EXPECT_EQ(door.host, "web.fixtures.svc");
    } else {
      EXPECT_EQ(door.port, 8080);
    }
  }
  EXPECT_EQ(objects.size(), 3U) << "two pods and the Service";
  facts.service["spec"]["clusterIP"] = "None";
  for (const auto& door : service_doors(facts)) EXPECT_NE(door.pod, "");
}

TEST(DoorTest, OnlyPodsThatAreReadyHaveDoors) {
  auto pods = kube::fixture_items("pods-list");
  EXPECT_THAT(places(pod_doors(pods)), testing::SizeIs(2));
  for (auto& pod : pods) pod["metadata"]["deletionTimestamp"] = "2026-11-20T16:37:00Z";
  EXPECT_THAT(pod_doors(pods), IsEmpty());
}

TEST(DoorTest, AClosedPodExplainsTheService) {
  const auto findings = door_findings({{kPodDoor, DoorState::kRefused, "refused"},
                                       {kOtherPodDoor, DoorState::kRefused, "refused"},
                                       {kServiceDoor, DoorState::kRefused, "refused"}});
  ASSERT_THAT(codes(findings), ElementsAre("port-not-listening"));
  EXPECT_THAT(findings[0].cause, HasSubstr("8080"));
  EXPECT_THAT(findings[0].evidence, ElementsAre("refused", "the same at 1 more pod"));
}

TEST(DoorTest, WhatIsProbedOverHttpIsAskedForTheProbesPath) {
  auto pods = kube::fixture_items("pods-list");
  pods.resize(1);
  auto& container = pods[0]["spec"]["containers"][0];
  container["ports"] = {{{"name", "api"}, {"containerPort", 8080}},
                        {{"name", "http-admin"}, {"containerPort", 9090}},
                        {{"name", "db"}, {"containerPort", 5432}},
                        {{"name", "http"}, {"containerPort", 8443}}};
  container["readinessProbe"] = {{"httpGet", {{"port", "api"}, {"path", "/healthz"}}}};
  container["livenessProbe"] = {{"httpGet", {{"port", 8443}, {"scheme", "HTTPS"}, {"path", "/"}}}};
  std::vector<std::string> paths;
  for (const auto& door : pod_doors(pods)) paths.push_back(door.http_path);
  EXPECT_THAT(paths, ElementsAre("/healthz", "/", "", ""));
  container["readinessProbe"]["httpGet"]["path"] = "/a b\r\nX: y";
  EXPECT_EQ(pod_doors(pods).at(0).http_path, "/");
}

TEST(DoorTest, WhatAnswersNoHttpIsACauseOfThePods) {
  const auto findings =
      door_findings({{kPodDoor, DoorState::kHttpBad, "the proxy: GET /: HTTP 503"},
                     {kServiceDoor, DoorState::kOpen, ""}});
  ASSERT_THAT(codes(findings), ElementsAre("http-fails"));
  EXPECT_THAT(findings[0].evidence, ElementsAre(HasSubstr("HTTP 503")));
}

TEST(DoorTest, SilenceIsToldFromARefusal) {
  EXPECT_THAT(codes(door_findings({{kPodDoor, DoorState::kSilent, "no answer"}})),
              ElementsAre("connection-blocked"));
}

TEST(DoorTest, AServiceThatLeadsNowhereThoughItsPodsAreOpenIsACauseOfItsOwn) {
  EXPECT_THAT(codes(door_findings({{kPodDoor, DoorState::kOpen, ""},
                                   {kServiceDoor, DoorState::kClosed, "no such name"}})),
              ElementsAre("service-unreachable"));
}

TEST(DoorTest, APortThatIsOpenNeedNotBeDeclared) {
  Report report;
  report.findings = {{.code = Code::kPortUndeclared}};
  EXPECT_TRUE(unexplained(report));
  add_knocks(report, {});
  EXPECT_THAT(codes(report.findings), ElementsAre("port-undeclared")) << "nothing was tried";
  add_knocks(report, {{kPodDoor, DoorState::kOpen, ""}});
  EXPECT_THAT(report.findings, IsEmpty());
  report.findings = {{.code = Code::kCrashLoop}};
  EXPECT_FALSE(unexplained(report));
}

}  // namespace
}  // namespace ferry::diagnose
