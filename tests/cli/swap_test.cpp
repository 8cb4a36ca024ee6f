// `ferry swap-deployment` over a real control socket, with a fake daemon behind it and real child
// processes beside it.
#include "cli/swap.h"

#include <gmock/gmock.h>

#include <future>

#include "cli/exit_code.h"
#include "tests/cli/swap_fixture.h"

namespace ferry::cli {
namespace {

using control::EventKind;
using control::SwapPhase;
using testing::HasSubstr;
using testing::Not;

class SwapTest : public SwapFixture {
 protected:
  SwapOptions options(SwapArguments args) {
    return {.args = std::move(args),
            .daemon = [this]() -> Result<control::Client> {
              if (lost_) {
                stopped_.get_future().wait();
                serve();
              }
              return dying_-- > 0 ? control::Client(dir_.path() + "/nobody") : client();
            },
            .environment = {{"PATH", "/usr/bin:/bin"}, {"HOME", "/here"}, {"LOCAL", "yes"}},
            .program = "ferry"};
  }

  std::future<SwapResult> start(SwapArguments args) {
    return std::async(std::launch::async, [this, args = std::move(args)] {
      control::SwapSpec spec;
      spec.workload = {control::TargetKind::kDeployment, "web"};
      spec.detach = args.detach;
      return swap(spec, terminal_, options(args));
    });
  }
  // A command that sh reads, with "$D" in it for the test's directory.
  SwapArguments running(const std::string& script) const {
    return {.run = "D='" + dir_.path() + "'; " + script};
  }

  bool lost_ = false;
  std::promise<void> stopped_;
  int dying_ = 0;  // how often the daemon that is found is no more when it is asked
};

TEST_F(SwapTest, SaysWhatAnswersWhereAndPutsItBackOnCtrlC) {
  auto running = start({});
  ASSERT_TRUE(wait_for_links(1));
  tell(EventKind::kProgress, "waiting for pod/web-ferry-x");
  enter(SwapPhase::kSwapped);
  ASSERT_TRUE(error_.wait_for("Ctrl-C puts it back"));
  kill(getpid(), SIGINT);
  ASSERT_TRUE(wait_for_restoring());
  tell(EventKind::kProgress, "waiting for the original");
  service_.end_swap("1");
  EXPECT_EQ(running.get().exit_code, kExitInterrupted);
  EXPECT_EQ(out_.str(), "Swapped deploy/web: port 80 -> localhost:8081\n");
  EXPECT_EQ(error_.str(),
            "deploy/web: waiting for pod/web-ferry-x\n"
            "Ctrl-C puts it back\n"
            "deploy/web: waiting for the original\n"
            "deploy/web: restored\n");
}

TEST_F(SwapTest, CtrlCBeforeItIsSwappedUndoesIt) {
  auto running = start({});
  ASSERT_TRUE(wait_for_links(1));
  kill(getpid(), SIGTERM);
  ASSERT_TRUE(wait_for_restoring());
  service_.end_swap("1");
  EXPECT_EQ(running.get().exit_code, kExitInterrupted);
  EXPECT_EQ(out_.str(), "");
}

TEST_F(SwapTest, ASecondSignalSaysWhatIsLeftToDo) {
  auto running = start({});
  ASSERT_TRUE(wait_for_links(1));
  enter(SwapPhase::kSwapped);
  ASSERT_TRUE(error_.wait_for("Ctrl-C puts it back"));
  kill(getpid(), SIGHUP);
  ASSERT_TRUE(wait_for_restoring());
  kill(getpid(), SIGINT);
  EXPECT_EQ(running.get().exit_code, kExitInterrupted);
  EXPECT_THAT(error_.str(), HasSubstr("ferryd goes on putting deploy/web back"));
  EXPECT_THAT(error_.str(), HasSubstr("'ferry restore deploy/web -n shop' puts it back"));
}

TEST_F(SwapTest, AFailureIsToldInThreePartsWithItsExitCode) {
  auto running = start({});
  ASSERT_TRUE(wait_for_links(1));
  service_.end_swap("1", Error{ErrorCode::kForbidden, "scaling web", "no right", "ask"});
  EXPECT_EQ(running.get().exit_code, kExitNotAllowed);
  EXPECT_EQ(error_.str(),
            "error: scaling web\n  why: no right\n  try: ask\n  id:  other.forbidden\n");
}

TEST_F(SwapTest, AFailedRestoreSaysHowToFinishIt) {
  auto running = start({});
  ASSERT_TRUE(wait_for_links(1));
  enter(SwapPhase::kSwapped);
  ASSERT_TRUE(error_.wait_for("Ctrl-C puts it back"));
  kill(getpid(), SIGINT);
  ASSERT_TRUE(wait_for_restoring());
  service_.end_swap("1", Error{ErrorCode::kUnreachable, "scaling web", "no route", ""});
  EXPECT_EQ(running.get().exit_code, kExitUnreachable);
  EXPECT_THAT(error_.str(), HasSubstr("what is left to do: 'ferry restore deploy/web -n shop'"));
}

TEST_F(SwapTest, TheCommandStartsWithTheEnvironmentBeforeItsReadinessIsWaitedFor) {
  auto swapping =
      start(running("printf '%s|%s|%s|%s' \"$MODE\" \"$HOME\" \"$LOCAL\" \"$N\" > "
                    "\"$D/got\"; exec sleep 100"));
  ASSERT_TRUE(wait_for_links(1));
  EXPECT_THAT(content(file("got")), "");
  enter(SwapPhase::kWaiting);
  ASSERT_TRUE(service_.wait_for_environment_requests(2)) << "not there yet: asked again";
  service_.set_environment(
      R"({"environment":[{"name":"MODE","value":"fast $X '\""},{"name":"HOME","value":"/root"},)"
      R"({"name":"N","value":"a\nb"}]})");
  EXPECT_TRUE(wait_for_content(file("got"), "fast $X '\"|/here|yes|a\nb"));
  enter(SwapPhase::kSwapped);
  ASSERT_TRUE(error_.wait_for("Swapped deploy/web: port 80 -> localhost:8081"));
  service_.end_swap("1");
  EXPECT_EQ(swapping.get().exit_code, 128 + SIGTERM);
  EXPECT_EQ(out_.str(), "") << "standard output is the command's";
}

TEST_F(SwapTest, TheEndOfTheCommandEndsTheSwapWithItsExitCode) {
  service_.set_environment("{}");
  auto swapping = start(running("exit 7"));
  ASSERT_TRUE(wait_for_links(1));
  enter(SwapPhase::kWaiting);
  ASSERT_TRUE(wait_for_restoring());
  service_.end_swap("1");
  EXPECT_EQ(swapping.get().exit_code, 7);
  EXPECT_THAT(error_.str(), HasSubstr("the command has ended (exit code 7)"));
}

TEST_F(SwapTest, TheCommandAnswersUntilTheOriginalDoesThenItGetsTheSignal) {
  service_.set_environment("{}");
  auto swapping =
      start(running("trap 'echo got > \"$D/signal\"; exit 5' INT; echo up > \"$D/up\"; "
                    "while :; do sleep 0.02; done"));
  ASSERT_TRUE(wait_for_links(1));
  enter(SwapPhase::kSwapped);
  ASSERT_TRUE(wait_for_content(file("up"), "up\n"));
  kill(getpid(), SIGINT);
  ASSERT_TRUE(wait_for_restoring());
  tell(EventKind::kProgress, "waiting for the original");
  ASSERT_TRUE(error_.wait_for("waiting for the original"));
  EXPECT_EQ(content(file("signal")), "") << "it is still needed";
  service_.end_swap("1");
  EXPECT_EQ(swapping.get().exit_code, 5);
  EXPECT_EQ(content(file("signal")), "got\n");
}

TEST_F(SwapTest, ASecondSignalReachesTheCommandAtOnce) {
  service_.set_environment("{}");
  auto swapping =
      start(running("trap 'echo got > \"$D/signal\"; exit 5' TERM; echo up > \"$D/up\"; "
                    "while :; do sleep 0.02; done"));
  ASSERT_TRUE(wait_for_links(1));
  enter(SwapPhase::kSwapped);
  ASSERT_TRUE(wait_for_content(file("up"), "up\n"));
  kill(getpid(), SIGINT);
  ASSERT_TRUE(wait_for_restoring());
  kill(getpid(), SIGTERM);
  EXPECT_EQ(swapping.get().exit_code, kExitInterrupted);
  EXPECT_TRUE(wait_for_content(file("signal"), "got\n"));
}

TEST_F(SwapTest, AFailedSwapEndsTheCommandAndTheFailureIsWhatCounts) {
  service_.set_environment("{}");
  auto swapping = start(running("echo up > \"$D/up\"; exec sleep 100"));
  ASSERT_TRUE(wait_for_links(1));
  enter(SwapPhase::kWaiting);
  ASSERT_TRUE(wait_for_content(file("up"), "up\n"));
  service_.end_swap("1", Error{ErrorCode::kNotFound, "watching web", "it is gone", ""});
  EXPECT_EQ(swapping.get().exit_code, kExitNotFound);
}

TEST_F(SwapTest, ALivenessFailureRestartsTheCommandWhereThatIsWanted) {
  service_.set_environment("{}");
  auto args = running("echo up >> \"$D/up\"; exec sleep 100");
  args.restart = true;
  auto swapping = start(args);
  ASSERT_TRUE(wait_for_links(1));
  enter(SwapPhase::kSwapped);
  ASSERT_TRUE(wait_for_content(file("up"), "up\n"));
  tell(EventKind::kLiveness, "Liveness probe failed: HTTP probe failed with statuscode: 500");
  EXPECT_TRUE(wait_for_content(file("up"), "up\nup\n"));
  EXPECT_THAT(error_.str(), HasSubstr("deploy/web: Liveness probe failed: HTTP probe"));
  service_.end_swap("1");
  EXPECT_EQ(swapping.get().exit_code, 128 + SIGTERM);
}

TEST_F(SwapTest, ACommandThatIsNotThereStopsItBeforeAnythingIsTouched) {
  const auto result = start({.command = {"no-such-program-here"}}).get();
  EXPECT_EQ(result.exit_code, kExitNotFound);
  EXPECT_THAT(error_.str(), HasSubstr("looking for the command 'no-such-program-here'"));
  EXPECT_TRUE(service_.swap_specs().empty());
}

TEST_F(SwapTest, AFileThatCannotBeWrittenStopsItBeforeAnythingIsTouched) {
  const auto result = start({.env_file = file("nowhere/app.env")}).get();
  EXPECT_EQ(result.exit_code, kExitNotFound);
  EXPECT_THAT(error_.str(), HasSubstr("writing the environment to " + file("nowhere/app.env")));
  EXPECT_TRUE(service_.swap_specs().empty());
}

TEST_F(SwapTest, ItSaysOnceWhenTheLocalProcessMayStart) {
  service_.set_environment(R"({"environment":[{"name":"MODE","value":"fast"}]})");
  auto swapping = start({.env_file = file("app.env")});
  ASSERT_TRUE(wait_for_links(1));
  enter(SwapPhase::kConnecting);
  tell(EventKind::kNotice, "still connecting");
  ASSERT_TRUE(error_.wait_for("still connecting"));
  EXPECT_THAT(error_.str(), Not(HasSubstr("may start")));
  enter(SwapPhase::kWaiting);
  ASSERT_TRUE(error_.wait_for("deploy/web: the local process may start\n"));
  EXPECT_EQ(content(file("app.env")), "MODE=fast\n");
  service_.end_swap("1");
  swapping.get();
  const auto said = error_.str();
  EXPECT_EQ(said.find("may start"), said.rfind("may start"));
}

TEST_F(SwapTest, ADetachedSwapThatBringsTheEnvironmentDoesNotWaitForWhoNeedsIt) {
  service_.set_environment(R"({"environment":[{"name":"MODE","value":"fast"}]})");
  auto swapping = start({.env_sh = "-", .detach = true});
  ASSERT_TRUE(wait_for_links(1));
  enter(SwapPhase::kWaiting);
  const auto result = swapping.get();
  EXPECT_EQ(result.exit_code, kExitDone);
  ASSERT_TRUE(result.link);
  EXPECT_EQ(out_.str(), "export MODE='fast'\n");
  EXPECT_FALSE(service_.links().empty());
}

TEST_F(SwapTest, ADetachedSwapSaysOnceWhatItWaitsForAndHowToEndThat) {
  auto swapping = start({.detach = true});
  ASSERT_TRUE(wait_for_links(1));
  enter(SwapPhase::kWaiting, "1", "nothing listens on 127.0.0.1:8081");
  enter(SwapPhase::kWaiting, "1", "HTTP 500");
  enter(SwapPhase::kSwapped);
  EXPECT_EQ(swapping.get().exit_code, kExitDone);
  const auto said = error_.str();
  EXPECT_THAT(said, HasSubstr("waiting: nothing listens on 127.0.0.1:8081"));
  EXPECT_THAT(said, HasSubstr("it detaches once the local process answers; Ctrl-C puts it back"));
  EXPECT_EQ(said.find("it detaches"), said.rfind("it detaches"));
}

TEST_F(SwapTest, ADetachedSwapStaysOnceItStands) {
  service_.set_environment(R"({"environment":[{"name":"MODE","value":"fast"},)"
                           R"({"name":"PATH","value":"/app"},{"name":"TEXT","value":"a\nb"}]})");
  auto swapping = start({.env_file = file("app.env"), .env_sh = "-", .detach = true});
  ASSERT_TRUE(wait_for_links(1));
  enter(SwapPhase::kSwapped, "1", "not said to work yet");
  enter(SwapPhase::kSwapped);
  const auto result = swapping.get();
  EXPECT_EQ(result.exit_code, kExitDone);
  ASSERT_TRUE(result.link);
  EXPECT_EQ(result.link->id, "1");
  EXPECT_EQ(content(file("app.env")), "MODE=fast\n");
  EXPECT_EQ(out_.str(), "export MODE='fast'\nexport TEXT='a\nb'\n");
  EXPECT_THAT(error_.str(), HasSubstr("left out of " + file("app.env") + ": TEXT: "));
  EXPECT_THAT(error_.str(), HasSubstr("Swapped deploy/web: port 80 -> localhost:8081"));
  EXPECT_FALSE(service_.links().empty());
}

TEST_F(SwapTest, MountedFilesComeStayFreshAndGo) {
  service_.set_environment(
      R"({"files":[{"path":"/etc/app/key","mode":384,"base64":"b25l"}],"leftOut":["/big: no"]})");
  auto args = running("echo \"$FERRY_ROOT\" > \"$D/root\"; exec sleep 100");
  args.mount = file("mnt");
  auto swapping = start(args);
  ASSERT_TRUE(wait_for_links(1));
  enter(SwapPhase::kWaiting);
  ASSERT_TRUE(wait_for_content(file("root"), file("mnt") + "\n"));
  EXPECT_EQ(content(file("mnt/etc/app/key")), "one");
  service_.set_environment(R"({"files":[{"path":"/etc/app/key","mode":384,"base64":"dHdv"}]})");
  tell(EventKind::kFiles, "");
  EXPECT_TRUE(wait_for_content(file("mnt/etc/app/key"), "two"));
  service_.end_swap("1");
  swapping.get();
  EXPECT_FALSE(std::filesystem::exists(file("mnt")));
  EXPECT_THAT(error_.str(),
              HasSubstr("left out of the container's files: /big: no [cli.left-out]\n"));
}

TEST_F(SwapTest, AfterALostDaemonItWaitsForWhatIsLeftAndSwapsAnew) {
  auto running = start({});
  ASSERT_TRUE(wait_for_links(1));
  enter(SwapPhase::kSwapped);
  ASSERT_TRUE(error_.wait_for("Ctrl-C puts it back"));
  lost_ = true;
  server_->stop();                         // as a crash would: no word of the link's end
  ASSERT_TRUE(service_.remove_link("1"));  // what the next daemon finds, and restores
  stopped_.set_value();
  ASSERT_TRUE(error_.wait_for("ferryd went away; swapping anew"));
  ASSERT_TRUE(service_.wait_for_subscribers(1)) << "it hears of the restore";
  EXPECT_EQ(service_.swap_specs().size(), 1U);
  service_.end_swap("1");
  ASSERT_TRUE(wait_for_links(1));
  enter(SwapPhase::kSwapped, "2");
  ASSERT_TRUE(error_.wait_for("works again after"));
  service_.end_swap("2");
  EXPECT_EQ(running.get().exit_code, kExitDone);
}

TEST_F(SwapTest, ADaemonThatIsAboutToEndWhenItIsFoundIsReplaced) {
  dying_ = 2;
  auto running = start({});
  ASSERT_TRUE(wait_for_links(1));
  enter(SwapPhase::kSwapped);
  ASSERT_TRUE(error_.wait_for("Ctrl-C puts it back"));
  service_.end_swap("1");
  EXPECT_EQ(running.get().exit_code, kExitDone);
}

TEST_F(SwapTest, ADaemonThatIsLostWhileItRestoresIsReplacedByOneThatFinishes) {
  auto running = start({});
  ASSERT_TRUE(wait_for_links(1));
  enter(SwapPhase::kSwapped);
  ASSERT_TRUE(error_.wait_for("Ctrl-C puts it back"));
  kill(getpid(), SIGINT);
  ASSERT_TRUE(wait_for_restoring());
  lost_ = true;
  server_->stop();
  stopped_.set_value();
  ASSERT_TRUE(error_.wait_for("ferryd went away; another one puts it back"));
  ASSERT_TRUE(service_.wait_for_removals(2)) << "it has found what is left, and asked again";
  service_.end_swap("1");
  EXPECT_EQ(running.get().exit_code, kExitInterrupted);
  EXPECT_THAT(error_.str(), HasSubstr("deploy/web: restored\n"));
  EXPECT_EQ(service_.swap_specs().size(), 1U) << "it doesn't swap anew";
}

TEST_F(SwapTest, WhatNobodySawTheEndOfIsNotSaidToBeRestored) {
  auto running = start({});
  ASSERT_TRUE(wait_for_links(1));
  enter(SwapPhase::kSwapped);
  ASSERT_TRUE(error_.wait_for("Ctrl-C puts it back"));
  kill(getpid(), SIGINT);
  ASSERT_TRUE(wait_for_restoring());
  lost_ = true;
  server_->stop();
  service_.end_swap("1");  // nobody hears of it
  stopped_.set_value();
  EXPECT_EQ(running.get().exit_code, kExitInterrupted);
  EXPECT_THAT(error_.str(), HasSubstr("'ferry restore deploy/web -n shop' puts it back"));
  EXPECT_THAT(error_.str(), Not(HasSubstr("restored")));
}

TEST_F(SwapTest, SaysWhatTheLocalProcessIsMissing) {
  auto running = start({});
  ASSERT_TRUE(wait_for_links(1));
  enter(SwapPhase::kWaiting, "1", "nothing listens on 127.0.0.1:8081");
  ASSERT_TRUE(error_.wait_for("deploy/web: waiting: nothing listens on 127.0.0.1:8081\n"));
  service_.end_swap("1");
  EXPECT_EQ(running.get().exit_code, kExitDone);
}

}  // namespace
}  // namespace ferry::cli
