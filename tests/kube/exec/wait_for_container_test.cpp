#include "kube/exec/wait_for_container.h"

#include <gmock/gmock.h>

#include "tests/fakes/fake_kube_api.h"

namespace ferry::exec {
namespace {

using kube::Json;
using testing::ElementsAre;
using testing::HasSubstr;

Json pod(const Json& state) {
  return {{"metadata", {{"name", "web-1"}}},
          {"status", {{"containerStatuses", {{{"name", "app"}, {"state", state}}}}}}};
}

Json waiting(const std::string& reason) { return {{"waiting", {{"reason", reason}}}}; }

class WaitForContainerTest : public testing::Test {
 protected:
  // `and_then` happens each time that it says what it waits for.
  Result<ContainerProgress> wait(const std::function<void()>& and_then) {
    return wait_for_container(
        api_, "demo", "web-1", "app", "debugging",
        [&](const std::string& why) {
          told_.push_back(why);
          and_then();
        },
        cancel_);
  }
  void put(const Json& state) { api_.put(kube::kPods, "demo", pod(state)); }

  kube::FakeKubeApi api_;
  kube::CancelToken cancel_;
  std::vector<std::string> told_;
};

TEST_F(WaitForContainerTest, EndsWhenItRuns) {
  put(waiting("PodInitializing"));
  const auto progress = wait([this] { put({{"running", Json::object()}}); });
  ASSERT_TRUE(progress) << progress.error().summary();
  EXPECT_TRUE(progress->running);
  EXPECT_THAT(told_, ElementsAre("PodInitializing"));
}

TEST_F(WaitForContainerTest, OneThatHasEndedAlreadyIsNotWaitedFor) {
  put({{"terminated", {{"exitCode", 3}}}});
  const auto progress = wait([] {});
  ASSERT_TRUE(progress);
  EXPECT_EQ(progress->exit_code, 3);
  EXPECT_TRUE(told_.empty());
}

TEST_F(WaitForContainerTest, ServersThatForgetOrEndWatchesAreAskedAnew) {
  put(waiting("PodInitializing"));
  const auto progress = wait([this] {
    if (told_.size() == 1) {
      put(waiting("ContainerCreating"));
      api_.compact();
    } else {
      put({{"running", Json::object()}});
      api_.end_watches();
    }
  });
  ASSERT_TRUE(progress) << progress.error().summary();
  EXPECT_TRUE(progress->running);
  EXPECT_THAT(told_, ElementsAre("PodInitializing", "ContainerCreating"));
}

TEST_F(WaitForContainerTest, AWatchThatIsLostIsBegunAnew) {
  put(waiting("PodInitializing"));
  const auto progress = wait([this] {
    const auto code = told_.size() == 1 ? ErrorCode::kReset : ErrorCode::kUnreachable;
    api_.fail_next("GET /api/v1/namespaces/demo/pods", {code, "watching", "it is gone", {}});
    put(told_.size() == 1 ? waiting("ContainerCreating") : Json{{"running", Json::object()}});
  });
  ASSERT_TRUE(progress) << progress.error().summary();
  EXPECT_TRUE(progress->running);
  EXPECT_THAT(told_, ElementsAre("PodInitializing", "ContainerCreating"));
}

TEST_F(WaitForContainerTest, AServerThatCannotBeAskedIsAnError) {
  put(waiting("PodInitializing"));
  const auto progress = wait([this] {
    api_.fail_next("GET ", {ErrorCode::kUnreachable, "asking", "nobody there", {}}, 2);
  });
  ASSERT_FALSE(progress);
  EXPECT_EQ(progress.error().code, ErrorCode::kUnreachable);
}

TEST_F(WaitForContainerTest, WhatWaitingDoesNotHelpIsAnError) {
  put(waiting("ErrImagePull"));
  const auto progress = wait([this] { put(waiting("ImagePullBackOff")); });
  ASSERT_FALSE(progress);
  EXPECT_EQ(progress.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(progress.error().what, "debugging");
  EXPECT_THAT(progress.error().why, HasSubstr("ImagePullBackOff"));
}

TEST_F(WaitForContainerTest, APodThatGoesIsAnError) {
  put(waiting("PodInitializing"));
  const auto progress = wait([this] { api_.erase(kube::kPods, "demo", "web-1"); });
  ASSERT_FALSE(progress);
  EXPECT_THAT(progress.error().why, HasSubstr("web-1 is gone"));
}

TEST_F(WaitForContainerTest, CanBeCancelled) {
  put(waiting("PodInitializing"));
  const auto progress = wait([this] { cancel_.cancel(); });
  ASSERT_FALSE(progress);
  EXPECT_EQ(progress.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace ferry::exec
