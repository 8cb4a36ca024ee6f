#include "kube/exec/debug_pod.h"

#include <gmock/gmock.h>

#include "tests/kube/fixture.h"

namespace ferry::exec {
namespace {

using kube::Json;
using testing::HasSubstr;

Json crashing() { return kube::fixture("sick-crash")["pod"]; }

TEST(RandomNameTest, FitsAsANameAndDiffers) {
  const std::string name = random_name("debugger");
  EXPECT_THAT(name, testing::MatchesRegex("debugger-[a-z0-9]{5}"));
  EXPECT_NE(name, random_name("debugger"));
  EXPECT_EQ(random_name(std::string(80, 'a')).size(), 63U);
}

TEST(EphemeralPatchTest, HoldsWhatWasAskedForAndNoMore) {
  const Json patch = ephemeral_patch({.name = "debugger-1", .image = "busybox"}, nullptr);
  EXPECT_EQ(patch, Json::parse(R"({"spec":{"ephemeralContainers":[{"name":"debugger-1",
      "image":"busybox","stdin":false,"stdinOnce":false,"tty":false,"terminationMessagePolicy":"File"}]}})"));
  const Json all = ephemeral_patch({.name = "debugger-1",
                                    .image = "busybox",
                                    .target = "app",
                                    .command = {"sh", "-i"},
                                    .input = true,
                                    .terminal = true},
                                   {{"runAsUser", 7}})["spec"]["ephemeralContainers"][0];
  EXPECT_EQ(all["targetContainerName"], "app");
  EXPECT_EQ(all["command"], Json({"sh", "-i"}));
  EXPECT_EQ(all["securityContext"]["runAsUser"], 7);
  EXPECT_TRUE(all["stdinOnce"].get<bool>());
  EXPECT_TRUE(all["stdin"].get<bool>() && all["tty"].get<bool>());
}

TEST(SecurityContextTest, IsThatOfTheContainerOrOfTheFirst) {
  const Json pod = Json::parse(R"({"spec":{"containers":[
      {"name":"app","securityContext":{"runAsUser":1}},
      {"name":"side","securityContext":{"runAsUser":2}},{"name":"bare"}]}})");
  EXPECT_EQ(security_context_of(pod, "")["runAsUser"], 1);
  EXPECT_EQ(security_context_of(pod, "side")["runAsUser"], 2);
  EXPECT_TRUE(security_context_of(pod, "bare").is_null());
  EXPECT_TRUE(security_context_of(Json::object(), "").is_null());
}

TEST(CopyTest, IsNobodysAndOnlyWaits) {
  Json pod = crashing();
  Json& container = pod["spec"]["containers"][0];
  container["args"] = {"--serve"};
  container["livenessProbe"] = {{"exec", {{"command", {"true"}}}}};
  container["lifecycle"] = Json::object();
  container["env"] = {{{"name", "WHO"}, {"value", "me"}}};
  pod["metadata"]["ownerReferences"] = {{{"kind", "ReplicaSet"}}};
  pod["spec"]["ephemeralContainers"] = {{{"name", "guest"}}};
  pod["spec"]["hostname"] = "db-0";
  const Json copy = copy_for_debugging(pod, "crash-debug-1", "", "");
  EXPECT_EQ(copy["metadata"], Json::parse(R"({"name":"crash-debug-1",
                "annotations":{"ferry.dev/debug-copy-of":"crash"}})"));
  EXPECT_FALSE(copy.contains("status"));
  for (const char* key : {"nodeName", "ephemeralContainers", "hostname"}) {
    EXPECT_FALSE(copy["spec"].contains(key)) << key;
  }
  EXPECT_EQ(copy["spec"]["restartPolicy"], "Never");
  EXPECT_EQ(copy["spec"]["activeDeadlineSeconds"], kCopyLife);
  EXPECT_EQ(copy["spec"]["volumes"], pod["spec"]["volumes"]);
  const Json& waits = copy["spec"]["containers"][0];
  EXPECT_EQ(waits["command"], Json({"sleep", "14400"}));
  for (const char* key : {"args", "livenessProbe", "lifecycle"}) {
    EXPECT_FALSE(waits.contains(key)) << key;
  }
  EXPECT_EQ(waits["env"], container["env"]);
  EXPECT_EQ(waits["image"], container["image"]);
}

TEST(CopyTest, OnlyTheContainerThatIsMeantWaitsAndGetsTheImage) {
  const Json pod = Json::parse(R"({"metadata":{"name":"p"},"spec":{"containers":[
      {"name":"app","image":"a","command":["serve"],"readinessProbe":{}},
      {"name":"side","image":"b"}]}})");
  const Json copy = copy_for_debugging(pod, "p-debug-1", "side", "busybox");
  const Json& containers = copy["spec"]["containers"];
  EXPECT_EQ(containers[0], Json::parse(R"({"name":"app","image":"a","command":["serve"]})"));
  EXPECT_EQ(containers[1]["image"], "busybox");
  EXPECT_EQ(containers[1]["command"][0], "sleep");
}

TEST(CopyTest, OfWhatIsNoPodIsAPodWithoutContainers) {
  EXPECT_FALSE(copy_for_debugging(Json(7), "p", "", "")["spec"].contains("containers"));
  EXPECT_TRUE(copy_for_debugging(Json::parse(R"({"spec":{"containers":[3]}})"), "p", "", "")
                  .contains("spec"));
}

TEST(ProgressTest, ToldByRealPods) {
  const auto progress = [](const std::string& fixture) {
    const Json pod = kube::fixture(fixture)["pod"];
    return progress_of(pod, pod["spec"]["containers"][0]["name"]);
  };
  EXPECT_EQ(progress("sick-crash").exit_code.value_or(-1), 7);
  EXPECT_FALSE(progress("sick-crash").hopeless);
  EXPECT_TRUE(progress("sick-never-ready-exec").running);
  EXPECT_TRUE(progress("sick-image-never").hopeless);
  EXPECT_THAT(progress("sick-image-never").why, HasSubstr("ErrImageNeverPull: "));
  EXPECT_TRUE(progress("sick-config-missing").hopeless);
  EXPECT_FALSE(progress("sick-pending-resources").hopeless);
  EXPECT_THAT(progress("sick-pending-resources").why, HasSubstr("Unschedulable: "));
}

TEST(ProgressTest, OneThatCouldNotBeStartedNeverRan) {
  const Json pod = Json::parse(R"({"status":{"ephemeralContainerStatuses":[{"name":"guest",
      "state":{"terminated":{"reason":"StartError","exitCode":128,"message":"no such file"}}}]}})");
  const auto progress = progress_of(pod, "guest");
  EXPECT_TRUE(progress.hopeless);
  EXPECT_EQ(progress.why, "no such file");
}

TEST(ProgressTest, InAPodThatHasEndedNothingStartsAnyMore) {
  const Json evicted = Json::parse(R"({"status":{"phase":"Failed","reason":"Evicted",
      "message":"The node was low on resource: memory.","containerStatuses":[{"name":"app",
      "state":{"waiting":{"reason":"ContainerCreating"}}}]}})");
  for (const char* container : {"app", "guest"}) {
    const auto progress = progress_of(evicted, container);
    EXPECT_TRUE(progress.hopeless) << container;
    EXPECT_THAT(progress.why, HasSubstr("Evicted: The node was low on resource: memory."));
  }
  const auto done = progress_of(Json::parse(R"({"status":{"phase":"Succeeded"}})"), "guest");
  EXPECT_TRUE(done.hopeless);
  EXPECT_THAT(done.why, HasSubstr("Succeeded"));
}

TEST(ProgressTest, AnExitCodeIsToldAlsoOfAPodThatHasEnded) {
  const auto progress = progress_of(Json::parse(R"({"status":{"phase":"Failed",
      "containerStatuses":[{"name":"app","state":{"terminated":{"exitCode":3}}}]}})"),
                                    "app");
  EXPECT_EQ(progress.exit_code, 3);
  EXPECT_FALSE(progress.hopeless);
}

TEST(ProgressTest, WithoutAWordItIsStillBeingMade) {
  const auto progress = progress_of(Json::object(), "guest");
  EXPECT_FALSE(progress.running || progress.hopeless || progress.exit_code);
  EXPECT_EQ(progress.why, "ContainerCreating");
}

}  // namespace
}  // namespace ferry::exec
