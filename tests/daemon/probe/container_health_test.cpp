// The rules' sources: [configure] is
// https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
// and [lifecycle] is https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
#include "daemon/probe/container_health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ferry::daemon {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const TimePoint kStart = TimePoint(seconds(1000));
const Probe kDefault{.action = TcpSocketAction{.port = {.number = 80}}};

class ContainerHealthTest : public ::testing::Test {
 protected:
  void use(const ContainerProbes& probes) { health_.emplace(probes); }
  void run_with_open_port() {
    health_->process_started(kStart);
    health_->set_port_open(true, kStart);
  }
  // Moves to the next attempts; which probes they are of.
  std::vector<ProbeKind> advance() {
    const auto next = health_->next_due();
    EXPECT_TRUE(next);
    if (next) now_ = std::max(now_, *next);
    return health_->due(now_);
  }
  bool outcome(ProbeKind kind, ProbeVerdict verdict) {
    EXPECT_THAT(health_->due(now_), ::testing::Contains(kind));
    health_->begin(kind, now_);
    return health_->finish(kind, verdict, now_);
  }

  std::optional<ContainerHealth> health_;
  TimePoint now_ = kStart;
};

// [lifecycle]#types-of-probe, readinessProbe: "If a container does not provide a readiness probe,
// the default state is Success."
TEST_F(ContainerHealthTest, WithoutProbesItIsReadyWhileThePortIsOpen) {
  use({});
  EXPECT_FALSE(health_->ready());
  EXPECT_EQ(health_->why(), "nothing listens on the local port");
  run_with_open_port();
  EXPECT_TRUE(health_->ready());
  EXPECT_FALSE(health_->next_due());
  health_->set_port_open(false, now_);
  EXPECT_FALSE(health_->ready());
}

TEST_F(ContainerHealthTest, ReadinessDecidesWhetherItIsReady) {
  use({.readiness = kDefault});
  run_with_open_port();
  EXPECT_FALSE(health_->ready());
  EXPECT_THAT(advance(), ElementsAre(ProbeKind::kReadiness));
  outcome(ProbeKind::kReadiness, ProbeVerdict::kSuccess);
  EXPECT_TRUE(health_->ready());
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(health_->ready()) << i << " failures";
    advance();
    EXPECT_FALSE(outcome(ProbeKind::kReadiness, ProbeVerdict::kFailure)) << "never a restart";
  }
  EXPECT_FALSE(health_->ready());
  EXPECT_EQ(now_, kStart + seconds(30));
}

TEST_F(ContainerHealthTest, AClosedPortIsNotReadyWhateverTheProbeSays) {
  use({.readiness = kDefault});
  health_->process_started(kStart);
  outcome(ProbeKind::kReadiness, ProbeVerdict::kSuccess);
  EXPECT_FALSE(health_->ready());
}

// [configure]#configure-probes, periodSeconds: "While a container is not Ready, the ReadinessProbe
// may be executed at times other than the configured periodSeconds interval."
TEST_F(ContainerHealthTest, AnOpeningPortHasReadinessTriedAtOnce) {
  use({.readiness = kDefault});
  health_->process_started(kStart);
  outcome(ProbeKind::kReadiness, ProbeVerdict::kFailure);
  now_ = kStart + seconds(2);
  EXPECT_THAT(health_->due(now_), IsEmpty());
  health_->set_port_open(true, now_);
  EXPECT_THAT(health_->due(now_), ElementsAre(ProbeKind::kReadiness));
}

// [lifecycle]#types-of-probe, startupProbe: "All other probes are disabled if a startup probe is
// provided, until it succeeds."
TEST_F(ContainerHealthTest, StartupKeepsTheOthersBackUntilItSucceeds) {
  use({.startup = kDefault, .readiness = kDefault, .liveness = kDefault});
  run_with_open_port();
  EXPECT_THAT(advance(), ElementsAre(ProbeKind::kStartup));
  outcome(ProbeKind::kStartup, ProbeVerdict::kFailure);
  EXPECT_THAT(advance(), ElementsAre(ProbeKind::kStartup));
  EXPECT_EQ(now_, kStart + seconds(10));
  EXPECT_EQ(health_->why(), "the startup probe has not succeeded yet");
  outcome(ProbeKind::kStartup, ProbeVerdict::kSuccess);
  EXPECT_TRUE(health_->started());
  EXPECT_THAT(advance(), ElementsAre(ProbeKind::kReadiness, ProbeKind::kLiveness));
  EXPECT_EQ(now_, kStart + seconds(10));
}

// [lifecycle]#types-of-probe: a startup probe is executed "only at startup", the others
// periodically.
TEST_F(ContainerHealthTest, StartupIsNotTriedAgainOnceItSucceeded) {
  use({.startup = kDefault});
  run_with_open_port();
  outcome(ProbeKind::kStartup, ProbeVerdict::kSuccess);
  EXPECT_TRUE(health_->ready());
  EXPECT_FALSE(health_->next_due());
}

// [configure]#define-startup-probes: "If the startup probe never succeeds, the container is killed
// after 300s" (failureThreshold 30, periodSeconds 10).
TEST_F(ContainerHealthTest, StartupThatNeverSucceedsAsksForARestart) {
  Probe slow = kDefault;
  slow.timing.failure_threshold = 30;
  use({.startup = slow});
  run_with_open_port();
  int attempts = 0;
  do {
    advance();
    ++attempts;
  } while (!outcome(ProbeKind::kStartup, ProbeVerdict::kFailure));
  EXPECT_EQ(attempts, 30);
  EXPECT_FALSE(health_->started());
  advance();
  EXPECT_EQ(now_, kStart + seconds(300));
}

// [configure]#configure-probes, failureThreshold: "For the case of a startup or liveness probe ...
// the kubelet sees the container as unhealthy and triggers a restart for that specific container."
TEST_F(ContainerHealthTest, LivenessThatFailsAsksForARestartAgainAndAgain) {
  use({.readiness = kDefault, .liveness = kDefault});
  run_with_open_port();
  outcome(ProbeKind::kReadiness, ProbeVerdict::kSuccess);
  for (int round = 0; round < 2; ++round) {
    for (int failures = 1; failures <= 3; ++failures) {
      while (advance() != std::vector{ProbeKind::kLiveness}) {
        outcome(ProbeKind::kReadiness, ProbeVerdict::kSuccess);
      }
      EXPECT_EQ(outcome(ProbeKind::kLiveness, ProbeVerdict::kFailure), failures == 3);
    }
    EXPECT_TRUE(health_->ready()) << "nobody restarted it";
  }
}

TEST_F(ContainerHealthTest, ANewProcessHasToStartAgain) {
  use({.startup = kDefault, .readiness = kDefault});
  run_with_open_port();
  outcome(ProbeKind::kStartup, ProbeVerdict::kSuccess);
  outcome(ProbeKind::kReadiness, ProbeVerdict::kSuccess);
  EXPECT_TRUE(health_->ready());
  health_->process_ended();
  EXPECT_FALSE(health_->ready());
  EXPECT_FALSE(health_->next_due()) << "nothing to be tried";
  health_->process_started(kStart + seconds(100));
  EXPECT_THAT(advance(), ElementsAre(ProbeKind::kStartup));
  EXPECT_EQ(now_, kStart + seconds(100));
}

}  // namespace
}  // namespace ferry::daemon
