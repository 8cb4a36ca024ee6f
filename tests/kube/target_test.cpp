#include "kube/target.h"

#include <gmock/gmock.h>

namespace ferry::kube {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Service service_with(std::vector<ServicePort> ports) {
  Service service;
  service.name = "web";
  service.ns = "demo";
  service.selector = {{"app", "web"}};
  service.ports = std::move(ports);
  return service;
}

Endpoints one_endpoint(bool ready) {
  Endpoints endpoints;
  endpoints.members.push_back({.endpoint = {.addresses = {"10.0.0.1"}, .pod = "web-1"}});
  endpoints.members[0].endpoint.ready = ready;
  return endpoints;
}

TEST(TargetTest, KindsHaveTheirKubectlNames) {
  for (const auto* text : {"svc/app", "service/app", "services/app", "SVC/app"}) {
    EXPECT_EQ(*parse_target(text), (Target{TargetKind::kService, "app"})) << text;
  }
  for (const auto* text :
       {"deploy/app", "deployment/app", "deployments.apps/app", "deployments.v1.apps/app"}) {
    EXPECT_EQ(*parse_target(text), (Target{TargetKind::kDeployment, "app"})) << text;
  }
  EXPECT_EQ(parse_target("sts/app")->kind, TargetKind::kStatefulSet);
  EXPECT_EQ(parse_target("statefulset/app")->kind, TargetKind::kStatefulSet);
  EXPECT_EQ(parse_target("rs/app")->kind, TargetKind::kReplicaSet);
  EXPECT_EQ(parse_target("pod/app")->kind, TargetKind::kPod);
  EXPECT_EQ(parse_target("po/app")->kind, TargetKind::kPod);
  EXPECT_EQ(*parse_target("host/db.internal"), (Target{TargetKind::kHost, "db.internal"}));
  EXPECT_EQ(*parse_target("host/fd00::1"), (Target{TargetKind::kHost, "fd00::1"}));
}

TEST(TargetTest, ABareNameIsAPod) {
  EXPECT_EQ(*parse_target("web-0"), (Target{TargetKind::kPod, "web-0"}));
}

TEST(TargetTest, IsWrittenInItsShortForm) {
  EXPECT_EQ(to_string(*parse_target("services/app")), "svc/app");
  EXPECT_EQ(to_string(*parse_target("web-0")), "pod/web-0");
}

TEST(TargetTest, AnUnknownKindListsTheKinds) {
  const auto target = parse_target("job/app");
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().code, ErrorCode::kUsage);
  EXPECT_THAT(target.error().why, HasSubstr("'job'"));
  EXPECT_THAT(target.error().fix, HasSubstr("svc/NAME, deploy/NAME"));
}

TEST(TargetTest, WhatIsNoNameIsRefused) {
  for (const auto* text : {"", "svc/", "/app", "svc/a/b", "svc/a b", "svc/..%2f", "svc/a?b"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
}

TEST(PortTest, IsANumberOrAName) {
  EXPECT_EQ(*parse_port("8080"), PortRef(std::uint16_t{8080}));
  EXPECT_EQ(*parse_port("http"), PortRef("http"));
  EXPECT_EQ(*parse_port("9p"), PortRef("9p"));
  EXPECT_EQ(to_string(*parse_port("https-alt")), "https-alt");
}

TEST(PortTest, OutOfRangeAndNonsenseAreRefused) {
  for (const auto* text : {"", "0", "65536", "99999999999999999999", "-1", "8o8O",
                           "a-port-name-too-long", "-a", "a-", " 80", "80 "}) {
    const auto port = parse_port(text);
    ASSERT_FALSE(port) << text;
    EXPECT_EQ(port.error().code, ErrorCode::kUsage);
  }
  EXPECT_EQ(parse_port("65536").error().why, "out of range");
}

TEST(ServicePortTest, IsFoundByNumberAndByName) {
  const auto service = service_with(
      {{"http", "TCP", 80, PortRef("web")}, {"admin", "TCP", 81, PortRef(std::uint16_t{8081})}});
  EXPECT_EQ(find_service_port(service, std::uint16_t{81})->name, "admin");
  EXPECT_EQ(find_service_port(service, "http")->target_port, PortRef("web"));
}

TEST(ServicePortTest, AnUnknownOneListsThosePresent) {
  const auto service = service_with({{"http", "TCP", 80, {}}, {"dns", "UDP", 53, {}}});
  const auto port = find_service_port(service, std::uint16_t{8080});
  ASSERT_FALSE(port);
  EXPECT_EQ(port.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(port.error().what, HasSubstr("service web in namespace demo"));
  EXPECT_THAT(port.error().fix, HasSubstr("80 (http) and 53 (dns)/UDP"));
}

TEST(ServicePortTest, ASlipInANameIsToldAndOfNumbersNothing) {
  const auto service = service_with({{"http", "TCP", 80, {}}, {"htpd", "UDP", 53, {}}});
  EXPECT_EQ(find_service_port(service, "htpt").error().fix,
            "did you mean 'http'? else its ports are: 80 (http) and 53 (htpd)/UDP");
  EXPECT_THAT(find_service_port(service, std::uint16_t{81}).error().fix, StartsWith("its ports"));
}

TEST(ServicePortTest, UdpIsRefusedUnlessTheSameNumberIsTcpToo) {
  const auto udp = service_with({{"dns", "UDP", 53, {}}});
  EXPECT_EQ(find_service_port(udp, std::uint16_t{53}).error().code, ErrorCode::kUnsupported);
  const auto both = service_with({{"dns", "UDP", 53, {}}, {"dns-tcp", "TCP", 53, {}}});
  EXPECT_EQ(find_service_port(both, std::uint16_t{53})->name, "dns-tcp");
}

TEST(ContainerPortTest, NamesAreResolvedInThePod) {
  Pod pod;
  pod.name = "web-1";
  pod.ns = "demo";
  pod.containers = {{.name = "a", .ports = {{"dns", "UDP", 53}}},
                    {.name = "b", .ports = {{"http", "TCP", 8080}}}};
  EXPECT_EQ(*resolve_container_port(pod, "http"), 8080);
  EXPECT_EQ(*resolve_container_port(pod, std::uint16_t{9}), 9);
  const auto missing = resolve_container_port(pod, "dns");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().fix, "its named ports are: http");
  EXPECT_THAT(resolve_container_port(pod, "htpt").error().fix,
              StartsWith("did you mean 'http'? else its named ports"));
}

TEST(ForwardableTest, AServiceWithAReadyEndpointIs) {
  EXPECT_TRUE(check_forwardable(service_with({}), one_endpoint(true)));
}

TEST(ForwardableTest, ExternalNameIsNotAndSaysWhatIs) {
  Service service = service_with({});
  service.type = "ExternalName";
  service.external_name = "db.example";
  const auto status = check_forwardable(service, {});
  EXPECT_EQ(status.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(status.error().fix, "forward to host/db.example");
}

TEST(ForwardableTest, WithoutEndpointsTheReasonIsTold) {
  Service service = service_with({});
  EXPECT_EQ(check_forwardable(service, {}).error().why, "no pod matches its selector app=web");
  EXPECT_EQ(check_forwardable(service, one_endpoint(false)).error().why,
            "none of its pods is ready");
  service.selector.clear();
  EXPECT_THAT(check_forwardable(service, {}).error().why, HasSubstr("no selector"));
}

TEST(ForwardableTest, WithoutASelectorEndpointsMadeByHandDo) {
  Service service = service_with({});
  service.selector.clear();
  EXPECT_TRUE(check_forwardable(service, one_endpoint(true)));
}

}  // namespace
}  // namespace ferry::kube
