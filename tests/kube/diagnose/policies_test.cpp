#include "kube/diagnose/policies.h"

#include <gmock/gmock.h>

#include "tests/fakes/fake_kube_api.h"

namespace ferry::diagnose {
namespace {

using kube::Json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PoliciesTest : public testing::Test {
 protected:
  PoliciesTest() {
    api_.put(kube::kPods, "shop",
             {{"metadata", {{"name", "web-1"}, {"labels", {{"app", "web"}}}}}});
  }
  void put(const std::string& name, const Json& spec) {
    api_.put(kube::kNetworkPolicies, "shop", {{"metadata", {{"name", name}}}, {"spec", spec}});
  }
  Finding named(Code code = Code::kConnectionBlocked) {
    Report report{.object = "svc/web", .ns = "shop"};
    report.findings = {
        {.code = code, .object = "pod/web-1", .cause = "", .evidence = {"silence"}, .fix = "look"}};
    name_policies(api_, report, cancel_);
    return report.findings.front();
  }

  kube::FakeKubeApi api_;
  const kube::CancelToken cancel_;
};

const Json kAll = Json::object();
const Json kWeb = {{"matchLabels", {{"app", "web"}}}};

TEST_F(PoliciesTest, ThoseThatSelectThePodAreNamed) {
  put("a-deny-all", {{"podSelector", kAll}, {"policyTypes", {"Ingress"}}});
  put("b-web", {{"podSelector", kWeb}, {"ingress", {Json::object(), Json::object()}}});
  put("c-other", {{"podSelector", {{"matchLabels", {{"app", "db"}}}}}});
  put("d-out", {{"podSelector", kAll}, {"policyTypes", {"Egress"}}});
  const auto finding = named();
  EXPECT_THAT(finding.evidence,
              ElementsAre("silence", "networkpolicy/a-deny-all selects it and lets in nobody",
                          "networkpolicy/b-web selects it and lets in only what its 2 rules name"));
  EXPECT_EQ(finding.fix,
            "one of them must let its callers in: kubectl describe networkpolicy -n shop "
            "a-deny-all b-web");
}

TEST_F(PoliciesTest, ExpressionsAreHeldAgainstItsLabels) {
  put("in",
      {{"podSelector",
        {{"matchExpressions", {{{"key", "app"}, {"operator", "In"}, {"values", {"web"}}}}}}}});
  put("not",
      {{"podSelector", {{"matchExpressions", {{{"key", "app"}, {"operator", "DoesNotExist"}}}}}}});
  EXPECT_THAT(named().evidence, ElementsAre("silence", HasSubstr("networkpolicy/in ")));
}

TEST_F(PoliciesTest, ThatThereIsNoneIsSaid) {
  const auto finding = named();
  EXPECT_THAT(finding.evidence,
              ElementsAre("silence", HasSubstr("no NetworkPolicy of namespace shop")));
  EXPECT_THAT(finding.fix, HasSubstr("firewall"));
}

TEST_F(PoliciesTest, OfManyAFewAreNamed) {
  for (int i = 0; i < 9; ++i) put("p" + std::to_string(i), {{"podSelector", kAll}});
  const auto finding = named();
  EXPECT_EQ(finding.evidence.size(), 7U);
  EXPECT_EQ(finding.evidence.back(), "so do 4 more");
}

TEST_F(PoliciesTest, WhatMayNotBeReadIsLeftOut) {
  api_.fail_next("GET /apis/networking.k8s.io", {ErrorCode::kForbidden, "listing", "no", {}});
  EXPECT_THAT(named().evidence, ElementsAre("silence"));
  EXPECT_EQ(named(Code::kConnectionBlocked).evidence.size(), 2U);
}

TEST_F(PoliciesTest, OtherFindingsCostNothing) {
  EXPECT_EQ(named(Code::kPortNotListening).fix, "look");
  EXPECT_THAT(api_.requests(), IsEmpty());
}

}  // namespace
}  // namespace ferry::diagnose
