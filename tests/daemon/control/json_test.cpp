#include "daemon/control/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/control/limits.h"

namespace ferry::control {
namespace {

LinkSpec full_spec() {
  LinkSpec spec;
  spec.kube = {.kubeconfig = "/home/u/kc",
               .context = "staging",
               .kube_namespace = "shop",
               .working_directory = "/home/u",
               .environment = {{"AWS_PROFILE", "s3cret"}, {"EMPTY", ""}}};
  spec.target = {TargetKind::kStatefulSet, "db"};
  spec.ports = {{.local = 8080, .remote = {.number = 80}},
                {.local = 0, .remote = {.name = "http"}, .local_as_remote = true}};
  spec.addresses = {"127.0.0.1", "::1"};
  spec.route = Route::kAddr;
  spec.proxy_addr = "10.0.0.7:8443";
  spec.proxy_credentials = "/home/u/creds";
  spec.proxy = {
      .image = "proxy:1", .pull_policy = "Never", .pull_secrets = {"a"}, .idle_exit_seconds = 60};
  spec.detach = true;
  return spec;
}

LinkStatus full_link() {
  LinkStatus link;
  link.id = "3";
  link.target = {TargetKind::kService, "app"};
  link.context = "staging";
  link.kube_namespace = "shop";
  link.ports = {{.local = 8080,
                 .remote = {.name = "http"},
                 .remote_port = 80,
                 .target_port = 8000,
                 .addresses = {"127.0.0.1"}},
                {.local = 8081, .remote = {.number = 81}}};
  link.route = Route::kProxy;
  link.tunnel = "t1";
  link.detached = true;
  link.state = LinkState::kWaiting;
  link.reason = "no endpoints";
  link.since = 1795248303007;
  link.created = 1795248300000;
  link.traffic = {1, 2, 3, 4, 5, 6, ~std::uint64_t{0}};
  link.test = {.tested = 1795248302000,
               .passed = 1795248301000,
               .way = "a connection",
               .error = Error{ErrorCode::kUnreachable, "d", "e", "f"},
               .under_way = true};
  link.last_error = Error{ErrorCode::kUnavailable, "a", "b", "c"};
  link.swap =
      SwapStatus{.swap_id = "s1",
                 .container = "app",
                 .stand_in = "app-ferry",
                 .pod = "app-ferry-x",
                 .phase = SwapPhase::kWaiting,
                 .ports = {{.local = 8081, .remote = 80, .open = true}},
                 .probes = {{.probe = "readiness", .ok = true, .message = "200", .since = 1000}},
                 .ready = true,
                 .orphan_restore = true,
                 .original_replicas = 3,
                 .orphan_timeout_seconds = 60};
  return link;
}

TunnelStatus full_tunnel() {
  TunnelStatus tunnel;
  tunnel.id = "t1";
  tunnel.route = Route::kAddr;
  tunnel.context = "staging";
  tunnel.kube_namespace = "shop";
  tunnel.peer = "10.0.0.7:8443";
  tunnel.state = TunnelState::kLost;
  tunnel.reason = "cut";
  tunnel.since = 1795248303007;
  tunnel.reconnects = 2;
  tunnel.sessions_lost = 1;
  tunnel.round_trip_microseconds = 1500;
  tunnel.streams = 7;
  tunnel.bytes_sent = 1;
  tunnel.bytes_received = 2;
  tunnel.last_error = Error{ErrorCode::kReset, "reading", "cut", ""};
  return tunnel;
}

// Over text, as the socket carries it.
Json reparsed(const Json& json) { return parse_json(dump(json), kMaxBody).value(); }

std::string refusal(const std::string& text) {
  const auto json = parse_json(text, kMaxBody);
  if (!json) return json.error().summary();
  const auto spec = link_spec_from_json(*json);
  if (spec) return "accepted";
  EXPECT_EQ(spec.error().code, ErrorCode::kInvalid);
  return spec.error().summary();
}

TEST(ControlJsonTest, SpecSurvivesTheRoundTrip) {
  const auto back = link_spec_from_json(reparsed(to_json(full_spec(), Include::kEverything)));
  ASSERT_TRUE(back) << back.error().summary();
  EXPECT_EQ(*back, full_spec());
}

TEST(ControlJsonTest, SpecForFilesHoldsNothingOfTheEnvironment) {
  const auto json = to_json(full_spec(), Include::kNoEnvironment);
  EXPECT_EQ(dump(json).find("s3cret"), std::string::npos);
  auto expected = full_spec();
  expected.kube.environment.clear();
  EXPECT_EQ(link_spec_from_json(json).value(), expected);
}

TEST(ControlJsonTest, StatusSurvivesTheRoundTrip) {
  DaemonStatus status;
  status.version = "0.1.0";
  status.pid = 42;
  status.started = 1795248303007;
  status.socket = "/run/s";
  status.log_file = "/l";
  status.links = {full_link(), LinkStatus{}};
  status.tunnels = {full_tunnel(), TunnelStatus{}};
  const auto back = daemon_status_from_json(reparsed(to_json(status)));
  ASSERT_TRUE(back) << back.error().summary();
  EXPECT_EQ(back->version, "0.1.0");
  EXPECT_EQ(back->pid, 42U);
  EXPECT_EQ(back->started, status.started);
  ASSERT_EQ(back->links.size(), 2U);
  EXPECT_EQ(dump(to_json(back->links[0])), dump(to_json(full_link())));
  EXPECT_EQ(dump(to_json(back->tunnels[0])), dump(to_json(full_tunnel())));
  EXPECT_EQ(dump(to_json(back->tunnels[1])), dump(to_json(TunnelStatus{})));
}

TEST(ControlJsonTest, EventSurvivesTheRoundTrip) {
  const Event event{.kind = EventKind::kEnded,
                    .time = 1795248303007,
                    .link_id = "3",
                    .message = "gone",
                    .link = full_link(),
                    .tunnel = full_tunnel(),
                    .error = Error{ErrorCode::kForbidden, "x", "y", "z"}};
  const auto back = event_from_json(reparsed(to_json(event)));
  ASSERT_TRUE(back) << back.error().summary();
  EXPECT_EQ(dump(to_json(*back)), dump(to_json(event)));
}

TEST(ControlJsonTest, AnErrorKeepsItsId) {
  constexpr Problem kProblem{"kube.context-unknown", ErrorCode::kNotFound, "meaning", "fix"};
  const auto back = error_from_json(reparsed(to_json(Error{kProblem, "a", "b", "c"})));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->id, "kube.context-unknown");
  EXPECT_EQ(back->code, ErrorCode::kNotFound);
}

TEST(ControlJsonTest, AnErrorOfBeforeTheIdsHasItsKindsId) {
  const auto back = error_from_json(Json::parse(R"({"code": "not-found", "what": "a"})"));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->id, "other.not-found");
  EXPECT_EQ(back->what, "a");
}

TEST(ControlJsonTest, AnErrorsIdIsBounded) {
  const Json json = {{"code", "io"}, {"id", std::string(kMaxErrorId + 1, 'a')}};
  EXPECT_FALSE(error_from_json(json));
}

TEST(ControlJsonTest, TimesAreUtcWithMilliseconds) {
  EXPECT_EQ(time_to_json(1795248303007), "2026-11-21T08:05:03.007Z");
  EXPECT_TRUE(time_to_json(0).is_null());
}

TEST(ControlJsonTest, TextThatIsNotUtf8StillMakesJson) {
  LinkStatus link;
  link.reason = "caf\xe9";
  EXPECT_TRUE(parse_json(dump(to_json(link)), kMaxBody));
}

TEST(ControlJsonTest, NewerDaemonsMayAddMembersToAStatus) {
  auto json = to_json(full_link());
  json["novelty"] = {1, 2};
  EXPECT_EQ(dump(to_json(link_status_from_json(json).value())), dump(to_json(full_link())));
}

struct Refused {
  const char* text;
  const char* words;
};

class ControlJsonRefusesTest : public testing::TestWithParam<Refused> {};

TEST_P(ControlJsonRefusesTest, NamesWhatIsOff) {
  EXPECT_THAT(refusal(GetParam().text), testing::HasSubstr(GetParam().words));
}

#define TARGET R"("target":{"kind":"svc","name":"a"})"
#define PORTS R"("ports":[{"local":1,"remote":80}])"

INSTANTIATE_TEST_SUITE_P(
    Specs, ControlJsonRefusesTest,
    testing::Values(
        Refused{"", "reading JSON"}, Refused{"{", "reading JSON"},
        Refused{"[]", "not an object but array"}, Refused{"7", "not an object but number"},
        Refused{"{" TARGET "}", "at least one port"}, Refused{"{" PORTS "}", "target.name"},
        Refused{R"({"target":{"kind":"ingress","name":"a"}})", "target.kind: 'ingress' is none of"},
        Refused{R"({"target":{"name":7}})", "target.name: it is not a string"},
        Refused{R"({"target":{"name":"a\u0000b"}})", "zero byte"},
        Refused{"{" TARGET R"(,"ports":{}})", "ports: it is not a list"},
        Refused{"{" TARGET R"(,"ports":[1]})", "ports[0]: it is not an object"},
        Refused{"{" TARGET R"(,"ports":[{"local":65536,"remote":80}]})", "ports[0].local"},
        Refused{"{" TARGET R"(,"ports":[{"local":-1,"remote":80}]})", "ports[0].local"},
        Refused{"{" TARGET R"(,"ports":[{"local":1.5,"remote":80}]})", "ports[0].local"},
        Refused{"{" TARGET R"(,"ports":[{"local":1,"remote":65536}]})", "ports[0].remote"},
        Refused{"{" TARGET R"(,"ports":[{"local":1}]})", "neither number nor name"},
        Refused{"{" TARGET R"(,"ports":[{"local":1,"remote":1},{"local":1,"remote":2}]})", "twice"},
        Refused{"{" TARGET R"(,"ports":[{"local":1,"localAsRemote":true,"remote":1}]})",
                "both given"},
        Refused{"{" TARGET "," PORTS R"(,"prots":[]})", "prots: there is no such member"},
        Refused{"{" TARGET "," PORTS R"(,"detach":"yes"})", "detach: it is not true or false"},
        Refused{"{" TARGET "," PORTS R"(,"addresses":["localhost"]})",
                "'localhost' is not an IPv4"},
        Refused{"{" TARGET "," PORTS R"(,"route":"fast"})", "'fast' is none of auto, proxy"},
        Refused{"{" TARGET "," PORTS R"(,"route":"addr"})", "needs the proxy's address"},
        Refused{"{" TARGET "," PORTS R"(,"proxyAddr":"a:1"})", "only the route 'addr'"},
        Refused{"{" TARGET "," PORTS R"(,"kube":{"environment":{"A":7}}})", "kube.environment"},
        Refused{"{" TARGET "," PORTS R"(,"kube":{"environment":{"A=B":""}}})", "kube.environment"},
        Refused{R"({"target":{"kind":"host","name":"a"},)" PORTS R"(,"route":"direct"})",
                "only be reached through the proxy"}));

TEST(ControlJsonTest, ErrorsNeverShowAVariablesValue) {
  EXPECT_EQ(refusal(R"({"kube":{"environment":{"TOKEN":"s3cret\u0000"}}})").find("s3cret"),
            std::string::npos);
}

TEST(ControlJsonTest, ListsAreBounded) {
  auto spec = full_spec();
  spec.addresses.assign(kMaxAddresses + 1, "127.0.0.1");
  EXPECT_THAT(refusal(dump(to_json(spec, Include::kEverything))),
              testing::HasSubstr("addresses: it has more than"));
}

TEST(ControlJsonTest, DeepNestingIsRefusedWithoutHarm) {
  EXPECT_THAT(refusal(std::string(1'000'000, '[')), testing::HasSubstr("reading JSON"));
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_THAT(refusal(deep), testing::HasSubstr("not an object"));
}

TEST(ControlJsonTest, TextBeyondTheBoundIsNotParsed) {
  const auto json = parse_json("[1,2,3]", 3);
  ASSERT_FALSE(json);
  EXPECT_THAT(json.error().summary(), testing::HasSubstr("longer than 3 bytes"));
}

}  // namespace
}  // namespace ferry::control
