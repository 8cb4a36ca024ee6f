#include "kube/logs/containers.h"

#include <gmock/gmock.h>

#include "kube/logs/log_source.h"
#include "tests/fakes/fake_kube_api.h"
#include "tests/kube/fixture.h"

namespace ferry::logs {
namespace {

using kube::Json;
using testing::ElementsAre;

LoggedContainer only(const std::string& fixture) {
  const auto all = logged_containers(kube::fixture(fixture)["pod"]);
  EXPECT_EQ(all.size(), 1U);
  return all.front();
}

TEST(LoggedContainersTest, OneThatHasEndedServesItsOwnLogAndThatOfTheRunBefore) {
  const auto crashed = only("sick-crash");
  EXPECT_EQ(to_string(crashed), "pod/crash");
  EXPECT_FALSE(crashed.running);
  EXPECT_THAT(crashed.run, testing::HasSubstr("ce64916a"));
  EXPECT_THAT(crashed.previous_run, testing::HasSubstr("13442215"));
}

TEST(LoggedContainersTest, OneThatWaitsForItsNextRunServesTheLast) {
  Json pod = kube::fixture("sick-crash")["pod"];
  pod["status"]["containerStatuses"][0]["state"] = {{"waiting", {{"reason", "CrashLoopBackOff"}}}};
  const auto waits = logged_containers(pod).front();
  EXPECT_FALSE(waits.running);
  EXPECT_EQ(waits.run, waits.previous_run);
  EXPECT_FALSE(waits.run.empty());
}

TEST(LoggedContainersTest, OneThatNeverRanHasNoLogAndSaysWhy) {
  const auto waits = only("sick-image-never");
  EXPECT_EQ(waits.run, "");
  EXPECT_EQ(waits.previous_run, "");
  EXPECT_EQ(waits.waiting, "ErrImageNeverPull");
}

TEST(LoggedContainersTest, TheOrderIsInitThenOwnThenEphemeral) {
  const Json pod = {{"metadata", {{"name", "p"}}},
                    {"spec",
                     {{"containers", {{{"name", "app"}}, {{"name", "proxy"}}}},
                      {"initContainers", {{{"name", "init"}}}},
                      {"ephemeralContainers", {{{"name", "debug"}}}}}}};
  std::vector<std::string> names;
  for (const auto& container : logged_containers(pod)) {
    names.push_back(container.name);
    EXPECT_FALSE(container.alone);
  }
  EXPECT_THAT(names, ElementsAre("init", "app", "proxy", "debug"));
  EXPECT_EQ(names, container_names(pod["spec"]));
}

class LogSourceTest : public testing::Test {
 protected:
  Result<LogSource> find(const std::string& target) {
    return find_source(api_, *kube::parse_target(target), "demo", cancel_);
  }

  kube::FakeKubeApi api_;
  kube::CancelToken cancel_;
};

TEST_F(LogSourceTest, AWorkloadIsItsSelector) {
  api_.put(kube::kDeployments, "demo",
           {{"metadata", {{"name", "web"}}},
            {"spec",
             {{"selector", {{"matchLabels", {{"app", "web"}}}}},
              {"template", {{"spec", {{"containers", {{{"name", "app"}}}}}}}}}}});
  const auto source = find("deploy/web");
  ASSERT_TRUE(source) << source.error().summary();
  EXPECT_EQ(source->pods.labels, "app=web");
  EXPECT_THAT(source->declared, ElementsAre("app"));
  EXPECT_FALSE(source->is_pod());
}

TEST_F(LogSourceTest, APodIsItsName) {
  api_.put(kube::kPods, "demo", {{"metadata", {{"name", "web-1"}}}});
  EXPECT_EQ(find("pod/web-1")->pods.fields, "metadata.name=web-1");
}

TEST_F(LogSourceTest, AServiceWithoutASelectorIsRefused) {
  api_.put(kube::kServices, "demo", {{"metadata", {{"name", "outside"}}}});
  EXPECT_EQ(find("svc/outside").error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(find("svc/absent").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(find("host/db").error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace ferry::logs
