#include "cli/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/kube_context.h"
#include "tests/cli/temp_dir.h"

namespace ferry::cli {
namespace {

using testing::HasSubstr;

class SettingsTest : public testing::Test {
 protected:
  SettingsTest() { env_["XDG_CONFIG_HOME"] = dir_.path(); }

  void file(const std::string& text) { dir_.write("ferry/config.yaml", text); }
  Result<Settings> load(const std::string& context = {},
                        const std::map<std::string, std::string>& flags = {}) {
    return load_settings(get_env(), context, flags);
  }
  control::GetEnv get_env() {
    return [this](const std::string& name) -> std::optional<std::string> {
      const auto found = env_.find(name);
      if (found == env_.end()) return std::nullopt;
      return found->second;
    };
  }
  std::string complaint() {
    const auto settings = load();
    if (settings) return "accepted";
    EXPECT_EQ(settings.error().code, ErrorCode::kUsage);
    return settings.error().summary() + " / " + settings.error().fix;
  }

  TempDir dir_;
  std::map<std::string, std::string> env_;
};

TEST_F(SettingsTest, WithoutAFileTheDefaultsHold) {
  const auto settings = load();
  ASSERT_TRUE(settings) << settings.error().summary();
  EXPECT_EQ((*settings)["route"], "auto");
  EXPECT_EQ((*settings)["image"], "");
  EXPECT_EQ(proxy_options(*settings), control::ProxyOptions{});
}

TEST_F(SettingsTest, EachSourceWinsOverTheOneBefore) {
  file(
      "image: a\npullPolicy: always\nroute: direct\nidleExit: 5m\npullSecrets: [x, y]\n"
      "contexts:\n  staging:\n    image: b\n    route: proxy\n    idleExit: 6m\n");
  env_["FERRY_IMAGE"] = "c";
  env_["FERRY_IDLE_EXIT"] = "7m";
  const auto settings = load("staging", {{"idleExit", "8m"}});
  ASSERT_TRUE(settings) << settings.error().summary();
  EXPECT_EQ(settings->values.at("pullPolicy").from, dir_.path() + "/ferry/config.yaml");
  EXPECT_EQ((*settings)["pullPolicy"], "Always");
  EXPECT_EQ((*settings)["route"], "proxy");
  EXPECT_THAT(settings->values.at("route").from, HasSubstr("(context staging)"));
  EXPECT_EQ((*settings)["image"], "c");
  EXPECT_EQ(settings->values.at("image").from, "FERRY_IMAGE");
  EXPECT_EQ((*settings)["idleExit"], "8m");
  EXPECT_EQ(settings->values.at("idleExit").from, "--idle-exit");
  EXPECT_EQ(route_of(*settings), control::Route::kProxy);
  const auto options = proxy_options(*settings);
  EXPECT_EQ(options.pull_secrets, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(options.idle_exit_seconds, 480U);
}

TEST_F(SettingsTest, AnotherContextsPartDoesNotApply) {
  file("contexts:\n  staging:\n    image: b\n");
  EXPECT_EQ((*load("production"))["image"], "");
}

TEST_F(SettingsTest, WhatIsOffIsNamedWithItsPlace) {
  file("imgae: a\n");
  EXPECT_THAT(complaint(),
              HasSubstr("line 1: there is no key 'imgae' here / did you mean 'image'?"));
  file("image: a\nroute: fast\n");
  EXPECT_THAT(complaint(), HasSubstr("config.yaml): there is no such route"));
  file("image: [a, b]\n");
  EXPECT_THAT(complaint(), HasSubstr("'image' takes a single value"));
  file("image: {a: b}\n");
  EXPECT_THAT(complaint(), HasSubstr("here a list is expected"));
  file("a: [\n");
  EXPECT_THAT(complaint(), HasSubstr("config.yaml, line"));
  file("- a\n");
  EXPECT_THAT(complaint(), HasSubstr("here a map is expected"));
  file("contexts: [a]\n");
  EXPECT_THAT(complaint(), HasSubstr("'contexts' has to be a map"));
  file("contexts: {other: {rout: direct}}\n");
  EXPECT_THAT(complaint(), HasSubstr("did you mean 'route'?"));
  file("");
  env_["FERRY_PULL_POLICY"] = "maybe";
  EXPECT_THAT(complaint(), HasSubstr("(FERRY_PULL_POLICY): there is none like it"));
}

TEST_F(SettingsTest, TheCurrentContextIsTheFirstOneThatIsSet) {
  const auto a = dir_.write("a", "current-context: ''\n");
  const auto b = dir_.write("b", "current-context: staging\n");
  const auto c = dir_.write("c", "current-context: other\n");
  env_["KUBECONFIG"] = dir_.path() + "/missing::" + a + ":" + b + ":" + c;
  EXPECT_EQ(current_context("", get_env()), "staging");
  EXPECT_EQ(current_context(c, get_env()), "other");
  EXPECT_EQ(current_context(dir_.write("broken", "{"), get_env()), "");
  env_.erase("KUBECONFIG");
  env_["HOME"] = dir_.path();
  dir_.write(".kube/config", "current-context: home\n");
  EXPECT_EQ(current_context("", get_env()), "home");
}

}  // namespace
}  // namespace ferry::cli
