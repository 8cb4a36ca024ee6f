// The rules' sources: [configure] is
// https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
// and [lifecycle] is https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
#include "daemon/probe/prober.h"

#include <gtest/gtest.h>

namespace ferry::daemon {
namespace {

using std::chrono::seconds;
using State = Prober::State;

const TimePoint kBegin = TimePoint(seconds(1000));

// One attempt, made when it is due and over at once.
bool attempt(Prober& prober, ProbeVerdict verdict) {
  prober.begin(prober.due());
  return prober.finish(verdict);
}

// [lifecycle]#types-of-probe: "The default state of readiness before the initial delay is Failure",
// "If a container does not provide a liveness probe, the default state is Success".
TEST(ProberTest, EachKindHasItsOwnInitialState) {
  EXPECT_EQ(Prober(ProbeKind::kLiveness, {}).state(), State::kSuccess);
  EXPECT_EQ(Prober(ProbeKind::kReadiness, {}).state(), State::kFailure);
  EXPECT_EQ(Prober(ProbeKind::kStartup, {}).state(), State::kUnknown);
}

TEST(ProberTest, NothingIsDueBeforeTheStart) {
  EXPECT_EQ(Prober(ProbeKind::kReadiness, {}).due(), TimePoint::max());
}

// [configure]#configure-probes, initialDelaySeconds: "Number of seconds after the container has
// started before startup, liveness or readiness probes are initiated."
TEST(ProberTest, TheFirstAttemptIsDueAfterTheInitialDelay) {
  Prober prober(ProbeKind::kReadiness, {.initial_delay = seconds(7)});
  prober.restart(kBegin);
  EXPECT_EQ(prober.due(), kBegin + seconds(7));
}

// [configure]#configure-probes, periodSeconds: "How often (in seconds) to perform the probe."
TEST(ProberTest, AttemptsAreAPeriodApartHoweverLongTheyTake) {
  Prober prober(ProbeKind::kReadiness, {.period = seconds(5)});
  prober.restart(kBegin);
  prober.begin(kBegin + seconds(1));  // a little late
  EXPECT_EQ(prober.due(), TimePoint::max()) << "one at a time";
  prober.finish(ProbeVerdict::kSuccess);
  EXPECT_EQ(prober.due(), kBegin + seconds(5));
}

TEST(ProberTest, AnAttemptThatOutlastsItsPeriodIsFollowedByOneNotByMany) {
  Prober prober(ProbeKind::kReadiness, {.period = seconds(5)});
  prober.restart(kBegin);
  prober.begin(kBegin);
  prober.finish(ProbeVerdict::kFailure);
  const TimePoint late = kBegin + seconds(17);
  EXPECT_LE(prober.due(), late);
  prober.begin(late);
  prober.finish(ProbeVerdict::kFailure);
  EXPECT_EQ(prober.due(), kBegin + seconds(20));
}

// [configure]#configure-probes, failureThreshold: "After a probe fails failureThreshold times in a
// row, Kubernetes considers that the overall check has failed".
TEST(ProberTest, FailuresInARowUpToTheThresholdMakeItFail) {
  Prober prober(ProbeKind::kLiveness, {.failure_threshold = 3});
  prober.restart(kBegin);
  EXPECT_FALSE(attempt(prober, ProbeVerdict::kFailure));
  EXPECT_FALSE(attempt(prober, ProbeVerdict::kFailure));
  EXPECT_EQ(prober.state(), State::kSuccess);
  EXPECT_TRUE(attempt(prober, ProbeVerdict::kFailure));
  EXPECT_EQ(prober.state(), State::kFailure);
}

TEST(ProberTest, ASuccessInBetweenStartsTheCountAgain) {
  Prober prober(ProbeKind::kLiveness, {.failure_threshold = 2});
  prober.restart(kBegin);
  attempt(prober, ProbeVerdict::kFailure);
  attempt(prober, ProbeVerdict::kSuccess);
  EXPECT_FALSE(attempt(prober, ProbeVerdict::kFailure));
  EXPECT_EQ(prober.state(), State::kSuccess);
  EXPECT_TRUE(attempt(prober, ProbeVerdict::kFailure));
}

// [configure]#configure-probes, successThreshold: "Minimum consecutive successes for the probe to
// be considered successful after having failed."
TEST(ProberTest, SuccessesInARowUpToTheThresholdMakeItSucceed) {
  Prober prober(ProbeKind::kReadiness, {.success_threshold = 2, .failure_threshold = 1});
  prober.restart(kBegin);
  EXPECT_FALSE(attempt(prober, ProbeVerdict::kSuccess));
  EXPECT_FALSE(attempt(prober, ProbeVerdict::kFailure)) << "it was failed already";
  EXPECT_FALSE(attempt(prober, ProbeVerdict::kSuccess));
  EXPECT_EQ(prober.state(), State::kFailure);
  EXPECT_TRUE(attempt(prober, ProbeVerdict::kSuccess));
  EXPECT_EQ(prober.state(), State::kSuccess);
}

// [configure]#http-probes: redirects that aren't followed are "treated as successful".
TEST(ProberTest, AWarningIsASuccess) {
  Prober prober(ProbeKind::kReadiness, {});
  prober.restart(kBegin);
  EXPECT_TRUE(attempt(prober, ProbeVerdict::kWarning));
  EXPECT_EQ(prober.state(), State::kSuccess);
}

// [lifecycle]#probe-outcome, Unknown: "The diagnostic failed (no action should be taken, and the
// kubelet will make further checks)."
TEST(ProberTest, AnUnknownOutcomeChangesNothingAndInterruptsNoRow) {
  Prober prober(ProbeKind::kLiveness, {.period = seconds(10), .failure_threshold = 2});
  prober.restart(kBegin);
  attempt(prober, ProbeVerdict::kFailure);
  EXPECT_FALSE(attempt(prober, ProbeVerdict::kUnknown));
  EXPECT_EQ(prober.due(), kBegin + seconds(20));
  EXPECT_TRUE(attempt(prober, ProbeVerdict::kFailure));
}

// [configure]#configure-probes, periodSeconds: "While a container is not Ready, the ReadinessProbe
// may be executed at times other than the configured periodSeconds interval."
TEST(ProberTest, AHurriedAttemptLeavesThePeriodAlone) {
  Prober prober(ProbeKind::kReadiness, {.period = seconds(10)});
  prober.restart(kBegin);
  attempt(prober, ProbeVerdict::kFailure);
  prober.hurry(kBegin + seconds(3));
  EXPECT_EQ(prober.due(), kBegin + seconds(3));
  attempt(prober, ProbeVerdict::kFailure);
  EXPECT_EQ(prober.due(), kBegin + seconds(10));
}

TEST(ProberTest, HurryDoesNotShortenTheInitialDelay) {
  Prober prober(ProbeKind::kReadiness, {.initial_delay = seconds(30)});
  prober.restart(kBegin);
  prober.hurry(kBegin + seconds(3));
  EXPECT_EQ(prober.due(), kBegin + seconds(30));
}

TEST(ProberTest, ARestartForgetsEverything) {
  Prober prober(ProbeKind::kReadiness, {.initial_delay = seconds(2)});
  prober.restart(kBegin);
  attempt(prober, ProbeVerdict::kSuccess);
  prober.begin(prober.due());
  prober.restart(kBegin + seconds(100));
  EXPECT_EQ(prober.state(), State::kFailure);
  EXPECT_EQ(prober.due(), kBegin + seconds(102));
}

TEST(ProberTest, StartingOverWaitsAtLeastAPeriod) {
  Prober quick(ProbeKind::kLiveness, {.period = seconds(10), .failure_threshold = 1});
  quick.restart(kBegin);
  EXPECT_TRUE(attempt(quick, ProbeVerdict::kFailure));
  quick.start_over(kBegin);
  EXPECT_EQ(quick.due(), kBegin + seconds(10));
  Prober slow(ProbeKind::kLiveness, {.initial_delay = seconds(60)});
  slow.start_over(kBegin);
  EXPECT_EQ(slow.due(), kBegin + seconds(60));
}

}  // namespace
}  // namespace ferry::daemon
