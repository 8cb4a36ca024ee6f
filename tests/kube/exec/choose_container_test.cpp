#include "kube/exec/choose_container.h"

#include <gmock/gmock.h>

#include "tests/kube/fixture.h"

namespace ferry::exec {
namespace {

using kube::Json;
using testing::ElementsAre;
using testing::HasSubstr;

Json pod(const std::string& name, const std::vector<std::string>& containers, bool ready = true) {
  Json made = {{"metadata", {{"name", name}}}, {"status", {{"phase", "Running"}}}};
  made["status"]["conditions"] = {{{"type", "Ready"}, {"status", ready ? "True" : "False"}}};
  for (const auto& container : containers) {
    made["spec"]["containers"].push_back({{"name", container}});
    made["status"]["containerStatuses"].push_back(
        {{"name", container}, {"ready", ready}, {"state", {{"running", Json::object()}}}});
  }
  return made;
}

Result<Place> choose(const std::vector<Json>& pods, const std::string& wanted = "") {
  return choose_container(pods, wanted, "running 'sh' in deploy/web", "deploy/web", "ferry");
}

TEST(ChooseContainerTest, TheFirstIsTakenAndTheOthersAreTold) {
  const auto place = choose({pod("a", {"app", "side"}), pod("b", {"app", "side"})});
  ASSERT_TRUE(place);
  EXPECT_EQ(place->pod + "/" + place->container, "a/app");
  EXPECT_THAT(place->others, ElementsAre("side"));
}

TEST(ChooseContainerTest, TheOneThatThePodPrefersIsTaken) {
  Json marked = pod("a", {"app", "side"});
  marked["metadata"]["annotations"] = {{"kubectl.kubernetes.io/default-container", "side"}};
  EXPECT_EQ(choose({marked})->container, "side");
  EXPECT_EQ(choose({marked}, "app")->container, "app");
  marked["metadata"]["annotations"] = {{"kubectl.kubernetes.io/default-container", "gone"}};
  EXPECT_EQ(choose({marked})->container, "app");
}

TEST(ChooseContainerTest, AReadyPodComesBeforeOthersAndOneThatEndsLast) {
  Json ending = pod("a", {"app"});
  ending["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  EXPECT_EQ(choose({ending, pod("b", {"app"}, false), pod("c", {"app"})})->pod, "c");
  EXPECT_EQ(choose({ending, pod("b", {"app"}, false)})->pod, "b");
  EXPECT_EQ(choose({ending})->pod, "a");
}

TEST(ChooseContainerTest, InitAndEphemeralContainersCanBeMeant) {
  Json both = pod("a", {"app"});
  both["spec"]["initContainers"] = {{{"name", "side"}}};
  both["spec"]["ephemeralContainers"] = {{{"name", "debugger"}}};
  both["status"]["initContainerStatuses"] = {
      {{"name", "side"}, {"state", {{"running", Json::object()}}}}};
  both["status"]["ephemeralContainerStatuses"] = {
      {{"name", "debugger"}, {"state", {{"running", Json::object()}}}}};
  EXPECT_EQ(choose({both}, "side")->container, "side");
  EXPECT_EQ(choose({both}, "debugger")->container, "debugger");
  EXPECT_EQ(choose({both})->container, "app");
}

TEST(ChooseContainerTest, ANameThatThereIsNotIsToldWithThoseThereAre) {
  const auto place = choose({pod("a", {"app", "side"}), pod("b", {"app"})}, "web");
  ASSERT_FALSE(place);
  EXPECT_EQ(place.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(place.error().why, HasSubstr("'web'"));
  EXPECT_EQ(place.error().fix, "it has app and side");
}

TEST(ChooseContainerTest, WhyItDoesNotRunIsTold) {
  const auto why = [](const std::string& fixture) {
    const auto place = choose({kube::fixture(fixture)["pod"]});
    EXPECT_FALSE(place) << fixture;
    return place ? std::string() : place.error().why;
  };
  EXPECT_THAT(why("sick-crash"), HasSubstr("doesn't run: it has ended with exit code "));
  EXPECT_THAT(why("sick-image-never"), HasSubstr("doesn't run: ErrImageNeverPull: "));
  EXPECT_THAT(why("sick-pending-resources"), HasSubstr("doesn't run: the pod is Pending: "));
}

TEST(ChooseContainerTest, NoPodIsAnError) {
  const auto place = choose({});
  ASSERT_FALSE(place);
  EXPECT_EQ(place.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(place.error().fix, "'ferry diagnose deploy/web' says why");
}

TEST(ChooseContainerTest, WhatIsNoPodHasNoContainers) {
  EXPECT_TRUE(containers_of(Json("text")).empty());
  EXPECT_EQ(choose({Json(7)}).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace ferry::exec
