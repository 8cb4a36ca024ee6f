// `ferry restore`, and `ferry leave` of swaps, with a fake daemon.
#include "cli/restore.h"

#include <gmock/gmock.h>

#include <future>

#include "cli/exit_code.h"
#include "tests/cli/swap_fixture.h"

namespace ferry::cli {
namespace {

using control::EventKind;
using testing::HasSubstr;

class RestoreTest : public SwapFixture {
 protected:
  int run(bool json = false) {
    const control::RestoreSpec spec{
        .kube = {}, .workload = {control::TargetKind::kDeployment, "web"}, .force = true};
    return restore(client(), spec, terminal_, {.json = json, .program = "ferry"});
  }

  std::string add_swap(const std::string& name) {
    control::SwapSpec spec;
    spec.workload = {control::TargetKind::kDeployment, name};
    return service_.add_swap(spec)->id;
  }
  std::future<int> leave() {
    return std::async(std::launch::async,
                      [this] { return end_links(client(), service_.links(), terminal_, "ferry"); });
  }
};

TEST_F(RestoreTest, ShowsItsStepsAndSaysWhatCameOfIt) {
  service_.set_restore({{.kind = EventKind::kProgress, .message = "waiting for 3 pods"},
                        {.kind = EventKind::kNotice, .message = "somebody scaled it to 2"}},
                       std::string("deploy/web is restored: 2 replicas"));
  EXPECT_EQ(run(), kExitDone);
  EXPECT_EQ(out_.str(), "deploy/web is restored: 2 replicas\n");
  EXPECT_EQ(error_.str(), "deploy/web: waiting for 3 pods\ndeploy/web: somebody scaled it to 2\n");
  EXPECT_TRUE(service_.restores().at(0).force);
}

TEST_F(RestoreTest, AFailureHasItsExitCode) {
  service_.set_restore({}, fail(ErrorCode::kForbidden, "scaling web", "no right", "ask"));
  EXPECT_EQ(run(), kExitNotAllowed);
  EXPECT_EQ(error_.str(),
            "error: scaling web\n  why: no right\n  try: ask\n  id:  other.forbidden\n");
  EXPECT_EQ(out_.str(), "");
}

TEST_F(RestoreTest, JsonIsOneEventALine) {
  service_.set_restore({}, std::string("back"));
  EXPECT_EQ(run(true), kExitDone);
  EXPECT_THAT(out_.str(), HasSubstr(R"("kind":"ended")"));
  EXPECT_THAT(out_.str(), HasSubstr(R"("message":"back")"));
}

TEST_F(RestoreTest, LeavingSwapsEndsThemTogetherAndWaitsForEach) {
  add_swap("web");
  add_swap("api");
  auto leaving = leave();
  ASSERT_TRUE(service_.wait_for_links([](const auto& links) {
    return links[0].state == control::LinkState::kEnding &&
           links[1].state == control::LinkState::kEnding;
  }));
  tell(EventKind::kProgress, "waiting for the original", "2");
  ASSERT_TRUE(error_.wait_for("deploy/api: waiting for the original"));
  service_.end_swap("2");
  ASSERT_TRUE(out_.wait_for("ended link 2, deploy/api"));
  service_.end_swap("1");
  EXPECT_EQ(leaving.get(), kExitDone);
  EXPECT_EQ(out_.str(),
            "ended link 2, deploy/api, which is as it was\n"
            "ended link 1, deploy/web, which is as it was\n");
}

TEST_F(RestoreTest, LeavingTellsOfARestoreThatFails) {
  add_swap("web");
  auto leaving = leave();
  ASSERT_TRUE(wait_for_restoring());
  service_.end_swap("1", Error{ErrorCode::kConflict, "scaling web", "it changed", "again"});
  EXPECT_EQ(leaving.get(), kExitFailed);
  EXPECT_THAT(error_.str(), HasSubstr("error: scaling web"));
  EXPECT_EQ(out_.str(), "");
}

TEST_F(RestoreTest, ASignalEndsTheWaitingOnly) {
  add_swap("web");
  auto leaving = leave();
  ASSERT_TRUE(wait_for_restoring());
  kill(getpid(), SIGINT);
  EXPECT_EQ(leaving.get(), kExitInterrupted);
  EXPECT_THAT(error_.str(), HasSubstr("ferryd goes on"));
  EXPECT_THAT(error_.str(), HasSubstr("'ferry restore deploy/web' puts it back"));
}

}  // namespace
}  // namespace ferry::cli
