#include "cli/swap_specs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/temp_dir.h"

namespace ferry::cli {
namespace {

class SwapSpecsTest : public testing::Test {
 protected:
  Result<control::SwapSpec> spec_of(SwapArguments args) {
    Invocation invocation{.command = Command::kSwap, .program = "ferry"};
    invocation.swap = std::move(args);
    const auto get_env = [this](const std::string& name) -> std::optional<std::string> {
      if (name == "HOME") return dir_.path();
      if (name == "FERRY_IMAGE") return "proxy:1";
      return std::nullopt;
    };
    return swap_spec(invocation, get_env);
  }

  std::string complaint(SwapArguments args) {
    const auto spec = spec_of(std::move(args));
    if (spec) return "accepted";
    EXPECT_EQ(spec.error().code, ErrorCode::kUsage);
    return spec.error().summary() + " / " + spec.error().fix;
  }

  TempDir dir_;
};

TEST_F(SwapSpecsTest, TakesWhatIsAsked) {
  const auto spec = spec_of({.target = "web:main",
                             .expose = {"8081:80", "8082:http", "9090"},
                             .probes = "hold",
                             .keep_original = true,
                             .proxy_protocol = true,
                             .force = true,
                             .detach = true,
                             .orphan_timeout = "5m",
                             .step_timeout = "90s"});
  ASSERT_TRUE(spec) << spec.error().summary();
  EXPECT_EQ(spec->workload, (control::Target{control::TargetKind::kDeployment, "web"}));
  EXPECT_EQ(spec->container, "main");
  const std::vector<control::ExposeSpec> expose = {{.local = 8081, .remote = {.number = 80}},
                                                   {.local = 8082, .remote = {.name = "http"}},
                                                   {.local = 9090, .remote = {}}};
  EXPECT_EQ(spec->expose, expose);
  EXPECT_EQ(spec->probes, control::ProbeMode::kHold);
  EXPECT_TRUE(spec->keep_original && spec->proxy_protocol && spec->force && spec->detach);
  EXPECT_EQ(spec->orphan_timeout_seconds, 300U);
  EXPECT_EQ(spec->step_timeout_seconds, 90U);
  EXPECT_EQ(spec->proxy.image, "proxy:1");
}

TEST_F(SwapSpecsTest, KnowsTheWorkloadsByTheirTypes) {
  EXPECT_EQ(spec_of({.target = "deployment/web"})->workload.kind, control::TargetKind::kDeployment);
  EXPECT_EQ(spec_of({.target = "sts/db"})->workload.kind, control::TargetKind::kStatefulSet);
  EXPECT_EQ(spec_of({.target = "rs/web-5d"})->workload.kind, control::TargetKind::kReplicaSet);
}

TEST_F(SwapSpecsTest, SaysWhatIsOff) {
  const std::vector<std::pair<SwapArguments, std::string>> cases = {
      {{.target = "svc/web"}, "a svc can't be swapped / name the workload behind it"},
      {{.target = "pod/web"}, "a pod can't be swapped"},
      {{.target = "deploy"}, "a type without a name"},
      {{.target = "deplyo/web"}, "did you mean 'deploy'?"},
      {{.target = "Web"}, "'Web' can't be a name"},
      {{.target = "web:"}, "the container's name is missing"},
      {{.target = "web:Main"}, "'Main' can't be a container's name"},
      {{.target = "web:a:b"}, "'a:b' can't be a container's name"},
      {{.target = "web:80"}, "ports go into --expose, as in --expose 8081:80"},
      {{.target = "web", .expose = {"0"}}, "from 1 to 65535"},
      {{.target = "web", .expose = {"0:80"}}, "from 1 to 65535"},
      {{.target = "web", .expose = {"70000:80"}}, "70000 is not a port number"},
      {{.target = "web", .expose = {"8081:70000"}}, "70000 is not a port number"},
      {{.target = "web", .expose = {"8081:0"}}, "0 is not a port number"},
      {{.target = "web", .expose = {":80"}}, "the local port is missing"},
      {{.target = "web", .expose = {"http"}}, "'http' is not a number / write LOCAL[:REMOTE]"},
      {{.target = "web", .expose = {"http:8081"}}, "'http' is not a number"},
      {{.target = "web", .expose = {"8081:"}}, "the remote port is missing"},
      {{.target = "web", .expose = {"8081:HTTP"}}, "neither a port number nor a port name"},
      {{.target = "web", .expose = {"::1:80"}}, "more than one colon"},
      {{.target = "web", .expose = {"8081:80", "8081:80"}},
       "port 80 of the container appears twice"},
      {{.target = "web", .expose = {"8081:80", "8082:80"}},
       "port 80 of the container appears twice"},
      {{.target = "web", .expose = {"80", "8082:80"}}, "port 80 of the container appears twice"},
      {{.target = "web", .probes = "holt"}, "did you mean 'hold'?"},
      {{.target = "web", .probes = "x"}, "use follow, hold, ready or none"},
      {{.target = "web", .orphan_timeout = "0s"}, "between one second and a week"},
      {{.target = "web", .orphan_timeout = "soon"}, "of --orphan-timeout: it is no time"},
      {{.target = "web", .step_timeout = "2"}, "of --timeout: it is no time"}};
  for (const auto& [args, part] : cases) {
    EXPECT_THAT(complaint(args), testing::HasSubstr(part)) << args.target;
  }
}

TEST_F(SwapSpecsTest, ARestoreNamesAWorkload) {
  Invocation invocation{.command = Command::kRestore, .workload = "web", .force = true};
  EXPECT_EQ(*restore_spec(invocation),
            (control::RestoreSpec{{}, {control::TargetKind::kDeployment, "web"}, true}));
  invocation.workload = "svc/web";
  EXPECT_THAT(restore_spec(invocation).error().summary(),
              testing::HasSubstr("reading the target 'svc/web': a svc can't be swapped"));
}

TEST_F(SwapSpecsTest, TheClusterIsTheOneOfTheUsersShell) {
  Invocation invocation{.kube_namespace = "shop", .context = "c", .kubeconfig = "kc"};
  const auto kube = kube_access(invocation, {{"A", "b"}}, "/home/u");
  EXPECT_EQ(kube.kubeconfig, "/home/u/kc");
  EXPECT_EQ(kube.context, "c");
  EXPECT_EQ(kube.kube_namespace, "shop");
  EXPECT_EQ(kube.environment.at("A"), "b");
  EXPECT_EQ(kube_access({}, {}, "/home/u").kubeconfig, "");
}

}  // namespace
}  // namespace ferry::cli
