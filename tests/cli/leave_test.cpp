#include "cli/leave.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ferry::cli {
namespace {

using Ids = std::vector<std::string>;

control::LinkStatus link(std::string id, control::Target target, std::string ns) {
  control::LinkStatus link;
  link.id = std::move(id);
  link.target = std::move(target);
  link.kube_namespace = std::move(ns);
  return link;
}

const std::vector<control::LinkStatus> kLinks = {
    link("1", {control::TargetKind::kService, "app"}, "shop"),
    link("2", {control::TargetKind::kService, "app"}, "test"),
    link("3", {control::TargetKind::kPod, "app"}, "shop")};

Result<Ids> chosen(Invocation invocation) {
  return choose_links(invocation, kLinks).map([](const auto& links) {
    Ids ids;
    for (const auto& each : links) ids.push_back(each.id);
    return ids;
  });
}

TEST(LeaveTest, ChoosesByNumberByNameAndAll) {
  EXPECT_EQ(chosen({.links = {"2"}}).value(), Ids{"2"});
  EXPECT_EQ(chosen({.links = {"svc/app"}}).value(), (Ids{"1", "2"}));
  EXPECT_EQ(chosen({.links = {"service/app", "2"}}).value(), (Ids{"1", "2"}));
  EXPECT_EQ(chosen({.kube_namespace = "test", .links = {"svc/app"}}).value(), Ids{"2"});
  EXPECT_EQ(chosen({.all = true}).value(), (Ids{"1", "2", "3"}));
  EXPECT_EQ(chosen({.kube_namespace = "shop", .all = true}).value(), (Ids{"1", "3"}));
}

TEST(LeaveTest, NamesTheLinksThereAreWhenNoneFits) {
  for (const char* word : {"7", "svc/other", "app", "svx/app"}) {
    const auto ids = chosen({.program = "ferry", .links = {word}});
    ASSERT_FALSE(ids) << word;
    EXPECT_EQ(ids.error().code, ErrorCode::kNotFound);
    EXPECT_THAT(ids.error().fix, testing::HasSubstr("1 (svc/app), 2 (svc/app) or 3 (pod/app)"));
  }
  EXPECT_EQ(choose_links({.links = {"1"}}, {}).error().fix, "there are no links at all");
}

TEST(LeaveTest, TheNearestNameIsSuggested) {
  const auto ids = chosen({.program = "ferry", .links = {"svc/apq"}});
  ASSERT_FALSE(ids);
  EXPECT_THAT(ids.error().fix, testing::StartsWith("did you mean 'svc/app'? there are 1"));
}

}  // namespace
}  // namespace ferry::cli
