#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/control/json.h"
#include "daemon/control/limits.h"

namespace ferry::control {
namespace {

SwapSpec full_swap_spec() {
  SwapSpec spec;
  spec.kube = {.context = "staging", .environment = {{"AWS_PROFILE", "s3cret"}}};
  spec.workload = {TargetKind::kStatefulSet, "db"};
  spec.container = "main";
  spec.expose = {{.local = 8081, .remote = {.number = 80}},
                 {.local = 8082, .remote = {.name = "http"}},
                 {.local = 9090, .remote = {}}};
  spec.probes = ProbeMode::kHold;
  spec.keep_original = true;
  spec.force = true;
  spec.detach = true;
  spec.proxy_protocol = true;
  spec.restart = true;
  spec.orphan_timeout_seconds = 60;
  spec.step_timeout_seconds = 120;
  spec.proxy.image = "proxy:1";
  return spec;
}

template <typename Spec>
std::string outcome(const Result<Spec>& spec) {
  if (spec) return "accepted";
  EXPECT_EQ(spec.error().code, ErrorCode::kInvalid);
  return spec.error().summary();
}

std::string swap_refusal(const std::string& text) {
  return outcome(parse_json(text, kMaxBody).and_then(swap_spec_from_json));
}

TEST(SwapJsonTest, SpecsSurviveTheRoundTrip) {
  const auto spec = swap_spec_from_json(to_json(full_swap_spec(), Include::kEverything));
  ASSERT_TRUE(spec) << spec.error().summary();
  EXPECT_EQ(*spec, full_swap_spec());
  const RestoreSpec restore{full_swap_spec().kube, {TargetKind::kReplicaSet, "web"}, true};
  EXPECT_EQ(restore_spec_from_json(to_json(restore, Include::kEverything)).value(), restore);
  EXPECT_EQ(kube_access_from_json(to_json(full_swap_spec().kube)).value(), full_swap_spec().kube);
}

TEST(SwapJsonTest, SpecForFilesHoldsNothingOfTheEnvironment) {
  EXPECT_EQ(dump(to_json(full_swap_spec(), Include::kNoEnvironment)).find("s3cret"),
            std::string::npos);
}

TEST(SwapJsonTest, ATargetIsEnough) {
  const auto spec =
      swap_spec_from_json(Json::parse(R"({"target":{"kind":"deploy","name":"web"}})"));
  ASSERT_TRUE(spec) << spec.error().summary();
  EXPECT_EQ(spec->workload, (Target{TargetKind::kDeployment, "web"}));
  EXPECT_EQ(spec->probes, ProbeMode::kFollow);
  EXPECT_TRUE(spec->expose.empty());
}

#define WEB R"({"target":{"kind":"deploy","name":"web"},)"

TEST(SwapJsonTest, RefusesWhatMakesNoSense) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{}", "target.name: it is empty"},
      {R"({"target":{"kind":"svc","name":"web"}})", "a svc can't be swapped"},
      {R"({"target":{"kind":"pod","name":"web"}})", "a pod can't be swapped"},
      {WEB R"("expose":[{}]})", "the local port is missing"},
      {WEB R"("expose":[{"local":70000}]})", "expose[0].local"},
      {WEB R"("expose":[{"local":1,"remote":-1}]})", "expose[0].remote"},
      {WEB R"("expose":[{"local":1,"remote":80},{"local":2,"remote":80}]})", "80 of the container"},
      {WEB R"("expose":[{"local":80},{"local":81,"remote":80}]})", "80 of the container"},
      {WEB R"("expose":[{"local":1,"rmote":80}]})", "rmote: there is no such member"},
      {WEB R"("probes":"always"})", "'always' is none of follow, hold, ready, none"},
      {WEB R"("orphanTimeoutSeconds":604801})", "orphanTimeoutSeconds: it is more than a week"},
      {WEB R"("stepTimeoutSeconds":604801})", "stepTimeoutSeconds: it is more than a week"},
      {WEB R"("forse":true})", "forse: there is no such member"},
  };
  for (const auto& [text, part] : cases) EXPECT_THAT(swap_refusal(text), testing::HasSubstr(part));
  EXPECT_THAT(outcome(restore_spec_from_json(Json::parse(R"({"target":{"name":""}})"))),
              testing::HasSubstr("it is empty"));
  EXPECT_THAT(outcome(kube_access_from_json(Json::parse(R"({"namespace":"x"})"))),
              testing::HasSubstr("namespace: there is no such member"));
}

TEST(SwapJsonTest, OneLocalPortMayAnswerSeveral) {
  EXPECT_EQ(swap_refusal(WEB R"("expose":[{"local":1,"remote":80},{"local":1,"remote":81}]})"),
            "accepted");
}

TEST(SwapJsonTest, PlansAndListingsSurviveTheRoundTrip) {
  const SwapPlanText plan{.steps = {"make web-ferry", "scale web to 0"},
                          .warnings = {{ErrorCode::kForbidden, "steering", "may not patch", "ask"}},
                          .objects = {R"({"kind":"Deployment"})", R"({"kind":"Secret"})"}};
  const auto plan_back = swap_plan_from_json(to_json(plan));
  ASSERT_TRUE(plan_back) << plan_back.error().summary();
  EXPECT_EQ(to_json(*plan_back), to_json(plan));
  const std::vector<SwapListing> swaps = {
      {.workload = {TargetKind::kDeployment, "web"},
       .kube_namespace = "shop",
       .swap_id = "s1",
       .owner = "ann@laptop",
       .stand_in = "web-ferry",
       .since = 1795248303007,
       .replicas = 3,
       .state = "swapped"},
      {.workload = {TargetKind::kDeployment, "api"}, .state = "record unreadable"}};
  const auto back = swap_listings_from_json(to_json(swaps));
  ASSERT_TRUE(back) << back.error().summary();
  EXPECT_EQ(to_json(*back), to_json(swaps));
  EXPECT_EQ(back->at(0).replicas, 3U);
  EXPECT_FALSE(back->at(1).replicas.has_value());
}

TEST(SwapJsonTest, StatusOfANewerDaemonIsUnderstood) {
  auto json = to_json(LinkStatus{.swap = SwapStatus{}});
  json["swap"]["mood"] = "good";
  json["target"]["group"] = "apps";
  const auto link = link_status_from_json(json);
  ASSERT_TRUE(link) << link.error().summary();
  EXPECT_TRUE(link->swap.has_value());
}

TEST(DiagnosisJsonTest, SpecAndDiagnosisSurviveTheRoundTrip) {
  DiagnoseSpec spec;
  spec.kube.kube_namespace = "shop";
  spec.target = {TargetKind::kStatefulSet, "db"};
  EXPECT_EQ(diagnose_spec_from_json(to_json(spec, Include::kEverything)).value(), spec);
  const DiagnoseSpec of_link{.link = "f1"};
  EXPECT_EQ(diagnose_spec_from_json(to_json(of_link, Include::kEverything)).value(), of_link);
  const Diagnosis diagnosis{.object = "svc/web",
                            .kube_namespace = "shop",
                            .pods = 3,
                            .ready_pods = 1,
                            .findings = {{.code = "crash-loop",
                                          .object = "pod/web-1",
                                          .cause = "it ends",
                                          .evidence = {"log: a", std::string(9000, 'x')},
                                          .fix = "mend it"}}};
  EXPECT_EQ(diagnosis_from_json(to_json(diagnosis)).value(), diagnosis);
}

TEST(DiagnosisJsonTest, WhatCannotBeDiagnosedIsRefused) {
  for (const char* text :
       {R"({"target": {"kind": "host", "name": "db.example"}})", R"({"target": {"kind": "svc"}})",
        R"({"target": {"kind": "svc", "name": "a"}, "prots": 1})",
        R"({"target": {"kind": "svc", "name": "a"}, "link": "f1"})", "{}", "[]"}) {
    const auto spec = diagnose_spec_from_json(Json::parse(text));
    ASSERT_FALSE(spec) << text;
    EXPECT_EQ(spec.error().code, ErrorCode::kInvalid);
  }
}

}  // namespace
}  // namespace ferry::control
