#include "kube/model.h"

#include <gmock/gmock.h>

#include "tests/kube/fixture.h"

namespace ferry::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

std::vector<std::string> pods_of(const std::vector<const Endpoints::Member*>& members) {
  std::vector<std::string> pods;
  for (const auto* member : members) pods.push_back(member->endpoint.pod);
  return pods;
}

Json slice(Json endpoints, int port = 8080) {
  return {{"endpoints", std::move(endpoints)}, {"ports", {{{"name", "http"}, {"port", port}}}}};
}

Json pod_endpoint(const std::string& pod, const Json& conditions) {
  return {{"addresses", {"10.0.0.1"}},
          {"targetRef", {{"kind", "Pod"}, {"name", pod}}},
          {"conditions", conditions}};
}

TEST(ServiceTest, IsReadFromARecordedOne) {
  const Service service = parse_service(fixture_body("service"));
  EXPECT_EQ(service.name, "web");
  EXPECT_EQ(service.ns, "fixtures");
  EXPECT_EQ(service.type, "ClusterIP");
  EXPECT_EQ(service.cluster_ip, "10.96.230.191");
  EXPECT_FALSE(service.headless());
  EXPECT_THAT(service.selector, ElementsAre(Pair("app", "web")));
  ASSERT_EQ(service.ports.size(), 2U);
  EXPECT_EQ(service.ports[0].port, 80);
  EXPECT_EQ(service.ports[0].target_port, PortRef("http"));
  EXPECT_EQ(service.ports[1].name, "numeric");
  EXPECT_EQ(service.ports[1].target_port, PortRef(std::uint16_t{8080}));
}

TEST(ServiceTest, HeadlessAndExternalNameAreTold) {
  EXPECT_TRUE(parse_service({{"spec", {{"clusterIP", "None"}}}}).headless());
  const auto alias =
      parse_service({{"spec", {{"type", "ExternalName"}, {"externalName", "db.example"}}}});
  EXPECT_EQ(alias.type, "ExternalName");
  EXPECT_EQ(alias.external_name, "db.example");
}

TEST(ModelTest, WhatIsAbsentOrOfAnotherTypeReadsAsItsDefault) {
  for (const Json& nonsense :
       {Json(), Json(7), Json("x"), Json::array({1}), Json{{"spec", 1}, {"metadata", {1}}},
        Json{{"spec", {{"ports", {{"port", "x"}}}, {"containers", "y"}, {"selector", 3}}},
             {"status", {{"conditions", {nullptr, 3}}, {"containerStatuses", {"a"}}}}}}) {
    EXPECT_EQ(parse_service(nonsense).type, "ClusterIP");
    EXPECT_THAT(parse_pod(nonsense).containers, IsEmpty());
    EXPECT_EQ(parse_workload(nonsense).replicas, 1);
    EXPECT_THAT(parse_endpoint_slices({nonsense}).members, IsEmpty());
  }
}

TEST(ModelTest, PortsOutOfRangeReadAsZero) {
  for (const Json& port : {Json(-1), Json(0), Json(65536), Json(1e18), Json(80.5), Json("80")}) {
    const auto service = parse_service({{"spec", {{"ports", {{{"port", port}}}}}}});
    EXPECT_EQ(service.ports.at(0).port, 0) << port;
  }
}

TEST(EndpointsTest, OnlyReadyOnesAreUsable) {
  const auto endpoints = parse_endpoint_slices(fixture_items("endpointslices-one-not-ready"));
  EXPECT_EQ(endpoints.members.size(), 2U);
  EXPECT_THAT(pods_of(endpoints.usable()), ElementsAre("web-5497888b74-lvdzn"));
  EXPECT_EQ(endpoints.usable()[0]->ports.at(0).port, 8080);
}

TEST(EndpointsTest, TerminatingOnesAreNotUsableWhileOthersAreReady) {
  const auto endpoints = parse_endpoint_slices(fixture_items("endpointslices-terminating"));
  EXPECT_THAT(pods_of(endpoints.usable()),
              ElementsAre("web-5497888b74-lvdzn", "web-5497888b74-lcd4s"));
}

TEST(EndpointsTest, TerminatingOnesThatServeAreUsableWhenNoneIsReady) {
  const auto endpoints = parse_endpoint_slices({slice(
      {pod_endpoint("gone", {{"ready", false}, {"serving", false}, {"terminating", true}}),
       pod_endpoint("leaving", {{"ready", false}, {"serving", true}, {"terminating", true}})})});
  EXPECT_THAT(pods_of(endpoints.usable()), ElementsAre("leaving"));
}

TEST(EndpointsTest, AbsentReadyIsReady) {
  const auto endpoints =
      parse_endpoint_slices({slice(Json::array({pod_endpoint("a", Json::object())}))});
  EXPECT_THAT(pods_of(endpoints.usable()), ElementsAre("a"));
}

TEST(EndpointsTest, SeveralSlicesCountTogetherAndEachPodOnce) {
  const auto endpoints = parse_endpoint_slices({slice(Json::array({pod_endpoint("a", {})}), 8080),
                                                slice(Json::array({pod_endpoint("b", {})}), 9090),
                                                slice(Json::array({pod_endpoint("a", {})}), 8080)});
  EXPECT_THAT(pods_of(endpoints.usable()), ElementsAre("a", "b"));
  EXPECT_EQ(endpoints.members[1].ports.at(0).port, 9090);
}

TEST(EndpointsTest, SlicesWithoutEndpointsAreNoError) {
  for (const auto* name : {"endpointslices-empty", "endpointslices-none"}) {
    EXPECT_THAT(parse_endpoint_slices(fixture_items(name)).members, IsEmpty()) << name;
  }
}

TEST(PodTest, AReadyPodIsReadFromARecordedOne) {
  const Pod pod = parse_pod(fixture_items("pods-list").at(0));
  EXPECT_EQ(pod.name, "web-5497888b74-l9jwj");
  EXPECT_TRUE(pod.running());
  EXPECT_TRUE(pod.ready);
  EXPECT_EQ(pod.trouble(), "");
  ASSERT_EQ(pod.containers.size(), 1U);
  EXPECT_EQ(pod.containers[0].ports.at(0).name, "http");
  EXPECT_EQ(pod.containers[0].ports.at(0).port, 8080);
}

TEST(PodTest, ATerminatingPodDoesNotRun) {
  const Pod pod = parse_pod(fixture_body("pod-terminating"));
  EXPECT_EQ(pod.phase, "Running");
  EXPECT_FALSE(pod.running());
}

TEST(PodTest, TroubleIsToldInOneLine) {
  const auto trouble = [](const std::string& name) {
    return parse_pod(fixture(name).at("pod")).trouble();
  };
  EXPECT_THAT(trouble("sick-image-missing"),
              HasSubstr("ImagePullBackOff: Back-off pulling image \"localhost:1/no/such:1\""));
  EXPECT_THAT(trouble("sick-pending-selector"), HasSubstr("no node takes it: 0/1 nodes"));
  EXPECT_EQ(trouble("sick-crash"), "container main has ended: exit code 7 (Error)");
  EXPECT_EQ(parse_pod(fixture_body("pod-not-ready")).trouble(), "container httpd is not ready");
}

TEST(PodTest, SidecarsAreContainersAndOtherInitContainersAreNot) {
  const Pod pod =
      parse_pod({{"spec",
                  {{"containers", {{{"name", "main"}}}},
                   {"initContainers",
                    {{{"name", "once"}}, {{"name", "side"}, {"restartPolicy", "Always"}}}}}}});
  ASSERT_EQ(pod.containers.size(), 2U);
  EXPECT_EQ(pod.containers[1].name, "side");
}

TEST(WorkloadTest, IsReadFromARecordedDeployment) {
  const Workload workload = parse_workload(fixture_body("deployment-ready"));
  EXPECT_EQ(workload.name, "web");
  EXPECT_EQ(workload.replicas, 2);
  EXPECT_EQ(workload.ready_replicas, 2);
  EXPECT_EQ(workload.selector, "app=web");
}

TEST(WorkloadTest, SelectorsKeepTheirExpressions) {
  const Workload workload = parse_workload(Json::parse(R"({"spec": {"selector": {
    "matchLabels": {"app": "web"},
    "matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "b"]},
                         {"key": "old", "operator": "DoesNotExist"},
                         {"key": "new", "operator": "Exists"},
                         {"key": "env", "operator": "NotIn", "values": ["prod"]}]}}})"));
  EXPECT_EQ(workload.selector, "app=web,tier in (a,b),!old,new,env notin (prod)");
}

}  // namespace
}  // namespace ferry::kube
