// Every single call of a swap and of a restore goes wrong in each way that a call can, and the next
// restore() finishes the job.
#include <algorithm>
#include <random>
#include <string>

#include "kube/json_field.h"

#include "tests/kube/swap/world.h"

namespace ferry::swap {
namespace {

using kube::Json;
using Trouble = SimCluster::Trouble;

// One world for each call that fails.
struct FaultyWorld : World {
  void swap_with(std::size_t call, Trouble trouble) {
    cluster_.fault = {call, trouble};
    static_cast<void>(swap());
    end_process();
  }

  void restore_with(std::size_t call, Trouble trouble) {
    cluster_.fault = {cluster_.calls + call, trouble};
    static_cast<void>(undo());
    end_process();
  }

  void end_process() {
    cluster_.fault.reset();
    cluster_.new_process();
  }

  void expect_all_as_before(const std::string& when) {
    const auto restored = undo();
    ASSERT_TRUE(restored.has_value()) << when << ": " << restored.error().summary();
    EXPECT_THAT(restored->notes, ::testing::IsEmpty()) << when;
    EXPECT_EQ(cluster_.snapshot(), before) << when;
    EXPECT_EQ(web()["status"]["availableReplicas"], 3) << when;
    // A pod that is ending already may be the last trace when nothing says any more whose it was.
    cluster_.advance(std::chrono::seconds(5));
    EXPECT_EQ(cluster_.all(kube::kPods).size(), 3U) << when;
    const auto again = undo();
    ASSERT_TRUE(again.has_value()) << when;
    EXPECT_FALSE(again->found) << when << ": something of ours was left";
  }

  Json before = cluster_.snapshot();
};

// What the stand-in's account may do, by the Role that was made for it.
bool role_allows(const Json& role, const SimCluster::Attempt& attempt) {
  const auto holds = [](const Json& list, const std::string& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  };
  const auto& rules = kube::array_field(role, "rules");
  return std::any_of(rules.begin(), rules.end(), [&](const Json& rule) {
    return holds(rule["apiGroups"], attempt.group) && holds(rule["resources"], attempt.resource) &&
           holds(rule["verbs"], attempt.verb) && holds(rule["resourceNames"], attempt.name);
  });
}

// The plan's calls only read: the first one that changes anything comes after them.
std::size_t calls_of_plan() {
  World world;
  EXPECT_TRUE(plan_swap(world.run_, world.request_).has_value());
  return world.cluster_.calls;
}

std::size_t calls_of_swap() {
  World world;
  EXPECT_TRUE(world.swap());
  return world.cluster_.calls;
}

std::size_t calls_of_restore() {
  World world;
  EXPECT_TRUE(world.swap());
  const std::size_t before = world.cluster_.calls;
  EXPECT_TRUE(world.undo().has_value());
  return world.cluster_.calls - before;
}

class FaultsTest : public ::testing::TestWithParam<Trouble> {};

TEST_P(FaultsTest, APlanThatFailsHasTouchedNothing) {
  const std::size_t calls = calls_of_plan();
  for (std::size_t call = 0; call < calls; ++call) {
    FaultyWorld world;
    world.cluster_.fault = {call, GetParam()};
    EXPECT_FALSE(plan_swap(world.run_, world.request_).has_value()) << "call " << call;
    EXPECT_EQ(world.cluster_.snapshot(), world.before) << "call " << call;
  }
}

TEST_P(FaultsTest, TheNextRestoreUndoesAnySwap) {
  const std::size_t calls = calls_of_swap();
  ASSERT_GT(calls, 20U);
  for (std::size_t call = calls_of_plan(); call < calls; ++call) {
    FaultyWorld world;
    world.swap_with(call, GetParam());
    world.expect_all_as_before("call " + std::to_string(call) + " of the swap");
  }
}

TEST_P(FaultsTest, TheNextRestoreFinishesAnyRestore) {
  const std::size_t calls = calls_of_restore();
  ASSERT_GT(calls, 10U);
  for (std::size_t call = 0; call < calls; ++call) {
    FaultyWorld world;
    ASSERT_TRUE(world.swap());
    world.restore_with(call, GetParam());
    world.expect_all_as_before("call " + std::to_string(call) + " of the restore");
  }
}

TEST_P(FaultsTest, TheStandInItselfUndoesAnySwapThatGotAsFarAsItsPod) {
  const std::size_t calls = calls_of_swap();
  std::size_t undone = 0;
  for (std::size_t call = calls_of_plan(); call < calls; ++call) {
    FaultyWorld world;
    world.swap_with(call, GetParam());
    const std::string when = "call " + std::to_string(call) + " of the swap";
    const Json stand_in = world.find(kube::kDeployments, "web-ferry");
    if (stand_in.is_null() || stand_in["spec"]["replicas"] == 0) continue;
    ++undone;
    const Json role = world.find(kube::kRoles, "web-ferry-abcd1234-restore");
    world.cluster_.may = [&](const auto& attempt) { return role_allows(role, attempt); };
    RestoreRequest request{world.request_.original, "abcd1234", {}, false, true};
    const auto restored = restore(world.run_, request);
    ASSERT_TRUE(restored.has_value()) << when << ": " << restored.error().summary();
    world.cluster_.may = nullptr;
    world.expect_all_as_before(when);
  }
  EXPECT_GT(undone, 15U);
}

// Trouble seldom comes alone: the swap breaks off, and so does the first attempt to restore.
TEST(FaultsAfterFaultsTest, TheRestoreAfterAFailedRestoreFinishesTheJob) {
  std::mt19937 random(20261121);
  const std::size_t first = calls_of_plan();
  const std::size_t calls = calls_of_swap();
  const std::size_t undoing = calls_of_restore();
  for (int round = 0; round < 150; ++round) {
    const std::size_t broken = first + random() % (calls - first);
    const std::size_t broken_again = random() % undoing;
    const auto trouble = [&] { return static_cast<Trouble>(random() % 5); };
    FaultyWorld world;
    world.swap_with(broken, trouble());
    world.restore_with(broken_again, trouble());
    world.expect_all_as_before("call " + std::to_string(broken) + " of the swap, call " +
                               std::to_string(broken_again) + " of the restore");
  }
}

// Whoever made a call that was left without an answer knows that it may still take effect.
TEST(LateCallTest, WhatTakesEffectAfterTheRestoreHasLookedIsUndoneAsWell) {
  const std::size_t calls = calls_of_swap();
  for (std::size_t call = calls_of_plan(); call < calls; ++call) {
    FaultyWorld world;
    world.swap_with(call, Trouble::kLate);
    RestoreRequest request;
    request.original = world.request_.original;
    request.id = "abcd1234";
    request.late_until = world.pace_.now() + std::chrono::minutes(1);
    const auto restored = restore(world.run_, request);
    ASSERT_TRUE(restored.has_value()) << "call " << call << ": " << restored.error().summary();
    world.expect_all_as_before("call " + std::to_string(call) + " of the swap");
  }
}

TEST(LateCallTest, TheLateCreateOfTheStandInIsFound) {
  World world;
  const Json before = world.cluster_.snapshot();
  world.cluster_.late = "POST /apis/apps/v1/namespaces/demo/deployments";
  ASSERT_FALSE(world.swap());
  ASSERT_EQ(world.cluster_.snapshot(), before);
  RestoreRequest request;
  request.original = world.request_.original;
  request.id = "abcd1234";
  request.late_until = world.pace_.now() + std::chrono::minutes(1);
  const auto restored = restore(world.run_, request);
  ASSERT_TRUE(restored.has_value());
  EXPECT_TRUE(restored->found);
  EXPECT_EQ(world.cluster_.snapshot(), before);
}

std::string name_of_trouble(const ::testing::TestParamInfo<Trouble>& info) {
  switch (info.param) {
    case Trouble::kBefore: return "Before";
    case Trouble::kAfter: return "After";
    case Trouble::kDuring: return "During";
    case Trouble::kDiesBefore: return "DiesBefore";
    case Trouble::kDiesAfter: return "DiesAfter";
    case Trouble::kLate: return "Late";
  }
  return "Unknown";
}

INSTANTIATE_TEST_SUITE_P(EveryTrouble, FaultsTest,
                         ::testing::Values(Trouble::kBefore, Trouble::kAfter, Trouble::kDuring,
                                           Trouble::kDiesBefore, Trouble::kDiesAfter),
                         name_of_trouble);

}  // namespace
}  // namespace ferry::swap
