// The rules' sources: [configure] is
// https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
// and [lifecycle] is https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "daemon/probe/probe_runner.h"
#include "tests/daemon/temporary_directory.h"

namespace ferry::daemon {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

class ExecCheckTest : public ::testing::Test {
 protected:
  ProbeOutcome run(std::vector<std::string> command) {
    return run_probe({{.timeout = timeout_}, ExecAction{std::move(command)}}, surroundings_,
                     cancel_);
  }
  ProbeOutcome shell(const std::string& script) { return run({"/bin/sh", "-c", script}); }

  Duration timeout_ = seconds(20);
  ProbeSurroundings surroundings_;
  kube::CancelToken cancel_;
};

// [lifecycle]#probe-check-methods, exec: "The diagnostic is considered successful if the command
// exits with a status code of 0."
TEST_F(ExecCheckTest, TheExitCodeDecides) {
  EXPECT_EQ(shell("exit 0").verdict, ProbeVerdict::kSuccess);
  EXPECT_EQ(shell("exit 1").verdict, ProbeVerdict::kFailure);
  EXPECT_EQ(shell("kill -TERM $$").verdict, ProbeVerdict::kFailure);
}

TEST_F(ExecCheckTest, AFailureSaysWhatTheCommandPrinted) {
  EXPECT_EQ(shell("echo cache is cold; exit 3").output, "cache is cold");
  EXPECT_EQ(shell("echo no database >&2; exit 3").output, "no database");
}

TEST_F(ExecCheckTest, MuchOutputIsCutAndNoFault) {
  const auto outcome = shell("head -c 3000000 /dev/zero | tr '\\0' x; exit 1");
  EXPECT_EQ(outcome.verdict, ProbeVerdict::kFailure);
  EXPECT_EQ(outcome.output.size(), 10U * 1024);
}

// [configure]#configure-probes: "Before Kubernetes 1.20, the field timeoutSeconds was not respected
// for exec probes"; since then running longer is a failure.
TEST_F(ExecCheckTest, RunningTooLongIsAFailureAndEndsIt) {
  const testing::TemporaryDirectory directory;
  const std::string file = directory.path() / "pid";
  timeout_ = seconds(1);
  const auto outcome = shell("echo $$ > " + file + "; while :; do echo on; done");
  EXPECT_EQ(outcome.verdict, ProbeVerdict::kFailure);
  EXPECT_THAT(outcome.output, HasSubstr("command timed out: \"/bin/sh -c "));
  EXPECT_THAT(outcome.output, HasSubstr("timed out after 1s"));
  pid_t pid = 0;
  std::ifstream(file) >> pid;
  ASSERT_GT(pid, 0);
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST_F(ExecCheckTest, TheTimeOutAlsoEndsWhatHasClosedItsOutputs) {
  timeout_ = std::chrono::milliseconds(50);
  EXPECT_THAT(shell("exec >&- 2>&-; while :; do :; done").output, HasSubstr("timed out"));
}

// [lifecycle]#probe-outcome, Unknown: "The diagnostic failed (no action should be taken ...)".
TEST_F(ExecCheckTest, WhatCannotBeRunIsUnknown) {
  for (const char* command : {"/no/such/program", "no-such-program", "/etc/passwd"}) {
    const auto outcome = run({command});
    EXPECT_EQ(outcome.verdict, ProbeVerdict::kUnknown) << command;
    EXPECT_THAT(outcome.output, HasSubstr(command));
  }
}

TEST_F(ExecCheckTest, ItSeesTheGivenEnvironmentAlone) {
  surroundings_.environment = {{"PATH", "/usr/bin:/bin"}, {"GREETING", "a b"}};
  const auto outcome = run({"sh", "-c", "echo \"$GREETING$HOME\"; exit 1"});
  EXPECT_EQ(outcome.output, "a b");
}

TEST_F(ExecCheckTest, CancellingIsUnknown) {
  cancel_.cancel();
  EXPECT_EQ(shell("while :; do :; done").verdict, ProbeVerdict::kUnknown);
}

}  // namespace
}  // namespace ferry::daemon
