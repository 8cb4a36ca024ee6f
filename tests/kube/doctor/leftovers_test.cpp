#include "kube/doctor/leftovers.h"

#include <gmock/gmock.h>

#include "kube/swap/record.h"
#include "tests/fakes/fake_kube_api.h"

namespace ferry::doctor {
namespace {

using kube::Json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kNow = 1'790'000'000;

class LeftoversTest : public testing::Test {
 protected:
  LeftoversTest() {
    record_.id = "1a2b";
    record_.owner = "ann@laptop";
    record_.since = "2026-09-21T12:00:00Z";  // long before kNow
    record_.workload = "deployment/web";
    record_.stand_in = "web-ferry";
    record_.container = "app";
  }

  void put_deployment(const std::string& name, const Json& labels, const std::string& record) {
    Json metadata = {{"name", name}, {"namespace", "demo"}, {"labels", labels}};
    if (!record.empty()) metadata["annotations"][swap::kSwapAnnotation] = record;
    api_.put(kube::kDeployments, "demo", {{"metadata", metadata}});
  }

  void put_stand_in() {
    put_deployment("web-ferry", {{swap::kStandInLabel, "1a2b"}}, to_text(record_));
  }

  Traces found() {
    const auto traces = find_traces(api_, "demo", "ferry", kNow, cancel_);
    EXPECT_TRUE(traces) << traces.error().summary();
    return traces.value_or(Traces{});
  }

  kube::FakeKubeApi api_;
  kube::CancelToken cancel_;
  swap::Record record_;
};

TEST_F(LeftoversTest, AnEmptyNamespaceHasNone) {
  const Traces traces = found();
  EXPECT_THAT(traces.leftovers, IsEmpty());
  EXPECT_THAT(traces.proxies, IsEmpty());
  EXPECT_THAT(traces.unseen, IsEmpty());
}

TEST_F(LeftoversTest, ASwapThatWorksIsNone) {
  put_deployment("web", Json::object(), to_text(record_));
  put_stand_in();
  EXPECT_THAT(found().leftovers, IsEmpty());
}

TEST_F(LeftoversTest, ARecordWithoutAStandInIsPutBackByRestore) {
  put_deployment("web", Json::object(), to_text(record_));
  const auto leftovers = found().leftovers;
  ASSERT_EQ(leftovers.size(), 1U);
  EXPECT_EQ(leftovers[0].object, "deployment/web");
  EXPECT_EQ(leftovers[0].fix, "ferry restore deployment/web -n demo");
}

TEST_F(LeftoversTest, SoIsOneThatNobodyCanRead) {
  put_deployment("web", Json::object(), "{");
  EXPECT_THAT(found().leftovers.at(0).why, HasSubstr("can't be read"));
}

TEST_F(LeftoversTest, AStandInWhoseOriginalIsGoneIsDeleted) {
  put_stand_in();
  const auto leftovers = found().leftovers;
  ASSERT_EQ(leftovers.size(), 1U);
  EXPECT_EQ(leftovers[0].object, "deployment/web-ferry");
  EXPECT_EQ(leftovers[0].fix, "kubectl delete deployment web-ferry -n demo");
}

TEST_F(LeftoversTest, AStandInWhoseOriginalDoesNotKnowIsPutBack) {
  put_deployment("web", Json::object(), "");
  put_stand_in();
  EXPECT_EQ(found().leftovers.at(0).fix, "ferry restore deployment/web -n demo");
}

TEST_F(LeftoversTest, ASwapThatHasJustBegunIsNone) {
  record_.since = swap::to_rfc3339(std::chrono::system_clock::from_time_t(kNow - 5));
  put_deployment("web", Json::object(), "");
  put_stand_in();
  EXPECT_THAT(found().leftovers, IsEmpty());
}

TEST_F(LeftoversTest, ProxiesAreListedAndKeysOfNobodyFound) {
  const Json labels = {{"app.kubernetes.io/name", "ferry-proxy"},
                       {"app.kubernetes.io/version", "0.0.9"}};
  api_.put(kube::kJobs, "demo",
           {{"metadata", {{"name", "ferry-proxy-1"}, {"labels", labels}}},
            {"status", {{"conditions", {{{"type", "Complete"}, {"status", "True"}}}}}}});
  api_.put(
      kube::kSecrets, "demo",
      {{"metadata",
        {{"name", "ferry-proxy-1"}, {"labels", labels}, {"ownerReferences", {{{"uid", "u"}}}}}}});
  api_.put(kube::kSecrets, "demo", {{"metadata", {{"name", "ferry-proxy-2"}, {"labels", labels}}}});
  const Traces traces = found();
  ASSERT_EQ(traces.proxies.size(), 1U);
  EXPECT_EQ(traces.proxies[0].version, "0.0.9");
  EXPECT_TRUE(traces.proxies[0].ended);
  ASSERT_EQ(traces.leftovers.size(), 1U);
  EXPECT_EQ(traces.leftovers[0].fix, "kubectl delete secret ferry-proxy-2 -n demo");
}

TEST_F(LeftoversTest, WhatMayNotBeListedIsSaid) {
  api_.fail_next("GET /api/v1/namespaces/demo/secrets",
                 {ErrorCode::kForbidden, "listing secrets", "cannot list", ""});
  EXPECT_THAT(found().unseen, ElementsAre(HasSubstr("cannot list")));
  api_.fail_next("GET /apis/batch", {ErrorCode::kUnreachable, "listing jobs", "refused", ""});
  EXPECT_FALSE(find_traces(api_, "demo", "ferry", kNow, cancel_));
}

}  // namespace
}  // namespace ferry::doctor
