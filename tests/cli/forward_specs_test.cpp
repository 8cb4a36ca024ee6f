#include "cli/forward_specs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/temp_dir.h"

namespace ferry::cli {
namespace {

using testing::HasSubstr;

class ForwardSpecsTest : public testing::Test {
 protected:
  ForwardSpecsTest() {
    invocation_.command = Command::kForward;
    invocation_.forward.target = "svc/app";
    invocation_.forward.ports = {"8080:80"};
  }

  Result<std::vector<control::LinkSpec>> specs() {
    const auto get_env = [this](const std::string& name) -> std::optional<std::string> {
      if (name == "XDG_CONFIG_HOME") return dir_.path();
      if (name == "KUBECONFIG") return dir_.path() + "/kubeconfig";
      return std::nullopt;
    };
    return forward_specs(invocation_, get_env, {{"A", "b"}}, "/home/dev/project");
  }

  std::string complaint() {
    const auto result = specs();
    if (result) return "accepted";
    EXPECT_EQ(result.error().code, ErrorCode::kUsage);
    return result.error().summary() + " / " + result.error().fix;
  }

  TempDir dir_;
  Invocation invocation_;
};

TEST_F(ForwardSpecsTest, CarryWhatTheDaemonNeedsOfTheUsersShell) {
  invocation_.kubeconfig = "kc.yaml";
  invocation_.context = "staging";
  invocation_.kube_namespace = "shop";
  invocation_.forward.addresses = {"localhost"};
  const auto spec = specs().value().at(0);
  EXPECT_EQ(spec.kube.kubeconfig, "/home/dev/project/kc.yaml");
  EXPECT_EQ(spec.kube.working_directory, "/home/dev/project");
  EXPECT_EQ(spec.kube.context, "staging");
  EXPECT_EQ(spec.kube.kube_namespace, "shop");
  EXPECT_EQ(spec.kube.environment.at("A"), "b");
  EXPECT_EQ(spec.addresses, (std::vector<std::string>{"127.0.0.1", "::1"}));
  EXPECT_EQ(spec.route, control::Route::kAuto);
}

TEST_F(ForwardSpecsTest, TakeTheSettingsOfTheContextInForce) {
  dir_.write("kubeconfig", "current-context: staging\n");
  dir_.write("ferry/config.yaml", "contexts: {staging: {route: direct, image: i}}\n");
  EXPECT_EQ(specs().value().at(0).route, control::Route::kDirect);
  EXPECT_EQ(specs().value().at(0).proxy.image, "i");
  invocation_.context = "other";
  EXPECT_EQ(specs().value().at(0).route, control::Route::kAuto);
}

TEST_F(ForwardSpecsTest, AFilesLinksTakeWhatTheyLeaveOutFromTheFlags) {
  invocation_.forward.target.clear();
  invocation_.forward.ports.clear();
  invocation_.forward.file = dir_.write("links.yaml",
                                        "links:\n"
                                        "- {target: svc/a, ports: 8080:80, namespace: own}\n"
                                        "- {target: svc/b, ports: 8081:80, route: direct}\n");
  invocation_.kube_namespace = "shop";
  invocation_.forward.detach = true;
  const auto all = specs().value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].kube.kube_namespace, "own");
  EXPECT_EQ(all[1].kube.kube_namespace, "shop");
  EXPECT_EQ(all[0].route, control::Route::kAuto);
  EXPECT_EQ(all[1].route, control::Route::kDirect);
  EXPECT_TRUE(all[1].detach);
}

TEST_F(ForwardSpecsTest, AProxysAddressIsARouteOfItsOwn) {
  invocation_.forward.proxy_addr = "10.0.0.7:8443";
  invocation_.forward.proxy_credentials = "creds";
  const auto spec = specs().value().at(0);
  EXPECT_EQ(spec.route, control::Route::kAddr);
  EXPECT_EQ(spec.proxy_addr, "10.0.0.7:8443");
  EXPECT_EQ(spec.proxy_credentials, "/home/dev/project/creds");
  invocation_.settings["route"] = "direct";
  EXPECT_THAT(complaint(), HasSubstr("leave --route out"));
}

TEST_F(ForwardSpecsTest, WhatCannotBeMeantIsWrongUsage) {
  invocation_.forward.ports = {"8080:80", "8080:81"};
  EXPECT_THAT(complaint(), HasSubstr("8080 appears twice"));
  invocation_.forward.ports = {"8080:80"};
  invocation_.forward.proxy_addr = "nowhere";
  EXPECT_THAT(complaint(), HasSubstr("not HOST:PORT"));
  invocation_.forward.proxy_addr.clear();
  invocation_.forward.target = "host/db";
  invocation_.settings["route"] = "direct";
  EXPECT_THAT(complaint(), HasSubstr("only be reached through the proxy"));
}

TEST_F(ForwardSpecsTest, TwoLinksOfAFileMayNotShareALocalPort) {
  invocation_.forward.target.clear();
  invocation_.forward.file =
      dir_.write("l", "links: [{target: svc/a, ports: 8080:80}, {target: svc/b, ports: 8080:80}]");
  EXPECT_THAT(complaint(), HasSubstr("8080 appears twice"));
}

TEST(EnvironmentTest, HoldsWhatJsonCanCarry) {
  const std::array<const char*, 6> variables = {"A=b=c",    "EMPTY=", "BAD=\xff",
                                                "noequals", "=x",     nullptr};
  EXPECT_EQ(utf8_environment(variables.data()),
            (std::map<std::string, std::string>{{"A", "b=c"}, {"EMPTY", ""}}));
}

}  // namespace
}  // namespace ferry::cli
