#include "daemon/probe/probe_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "tests/daemon/listening_process.h"
#include "tests/daemon/loop_thread.h"
#include "tests/kube/test_server.h"

namespace ferry::daemon {
namespace {

using control::ProbeMode;
using kube::Connection;
using kube::HttpMessage;
using kube::HttpServer;
using kube::Reply;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint16_t kServedPort = 80;

// What it was told, as lines: "ready: ...", "not ready: ...", "event: ...", "liveness: ...".
class Recorder final : public ProbeEvents {
 public:
  void on_ready_changed(bool ready, const std::string& why) override {
    add((ready ? "ready: " : "not ready: ") + why);
  }
  void on_probe_event(const std::string& line) override { add("event: " + line); }
  void on_liveness_failed(const std::string& why) override { add("liveness: " + why); }

  // Waits for the next line and takes it.
  std::string next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, seconds(30), [this] { return !lines_.empty(); })) return "nothing";
    std::string line = std::move(lines_.front());
    lines_.erase(lines_.begin());
    return line;
  }

 private:
  void add(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

// An application whose health can be set.
class Application {
 public:
  std::uint16_t port() const { return server_.port(); }
  void answer(int status) { status_ = status; }

 private:
  std::atomic<int> status_ = 200;
  HttpServer server_{[this](const HttpMessage&, Connection&) { return Reply{.status = status_}; }};
};

class ProbeSetTest : public ::testing::Test {
 protected:
  ~ProbeSetTest() override {
    thread_.run([this] {
      set_.reset();
      workers_.reset();
    });
  }
  // A probe that shows each outcome at once, and again soon.
  static Probe http_probe() {
    return {{.period = milliseconds(20), .timeout = seconds(20), .failure_threshold = 1},
            HttpGetAction{.port = {.number = kServedPort}}};
  }
  void start(ContainerProbes probes, std::uint16_t port, ProbeMode mode = ProbeMode::kFollow,
             bool restarts = false) {
    probes.container = "web";
    const ProbeSetOptions options{
        std::move(probes), {.ports = {{kServedPort, port}}}, mode, restarts, milliseconds(50)};
    thread_.run([&] {
      set_ = std::make_unique<ProbeSet>(thread_.loop(), *workers_, options, events_);
      set_->start();
    });
  }
  void set_port_open(bool open) {
    thread_.run([&] { set_->set_port_open(open); });
  }
  bool ready() {
    return thread_.run([&] { return set_->ready(); });
  }
  std::vector<control::ProbeStatus> statuses() {
    return thread_.run([&] { return set_->statuses(); });
  }

  Recorder events_;
  testing::LoopThread thread_;
  std::unique_ptr<Workers> workers_ = std::make_unique<Workers>(thread_.loop());
  std::unique_ptr<ProbeSet> set_;
};

TEST_F(ProbeSetTest, WithoutAReadinessProbeItIsReadyWhileThePortAccepts) {
  start({}, 1);
  EXPECT_FALSE(ready());
  set_port_open(true);
  EXPECT_EQ(events_.next(), "ready: the local port accepts connections");
  set_port_open(false);
  EXPECT_EQ(events_.next(), "not ready: nothing listens on the local port");
  EXPECT_THAT(statuses(), IsEmpty());
}

TEST_F(ProbeSetTest, ReadinessFollowsTheApplication) {
  Application application;
  start({.readiness = http_probe()}, application.port());
  EXPECT_EQ(statuses().front().message, "no local process");
  set_port_open(true);
  EXPECT_EQ(events_.next(), "ready: the readiness probe succeeds");
  EXPECT_TRUE(statuses().front().ok);
  application.answer(503);
  const std::string failed = "Readiness probe failed: HTTP probe failed with statuscode: 503";
  EXPECT_EQ(events_.next(), "event: " + failed);
  EXPECT_EQ(events_.next(), "not ready: " + failed);
  EXPECT_FALSE(statuses().front().ok);
  EXPECT_EQ(statuses().front().probe, "readiness");
  EXPECT_EQ(statuses().front().message, "HTTP probe failed with statuscode: 503");
  application.answer(200);
  EXPECT_EQ(events_.next(), "ready: the readiness probe succeeds") << "the event came only once";
}

TEST_F(ProbeSetTest, StartupComesFirst) {
  Application application;
  application.answer(500);
  Probe startup = http_probe();
  startup.timing.failure_threshold = 1'000'000;
  start({.startup = startup, .readiness = http_probe()}, application.port());
  set_port_open(true);
  EXPECT_THAT(events_.next(), HasSubstr("event: Startup probe failed: HTTP"));
  EXPECT_EQ(statuses()[1].message, "not tried yet");
  application.answer(200);
  EXPECT_EQ(events_.next(), "ready: the readiness probe succeeds");
}

TEST_F(ProbeSetTest, AFailedLivenessProbeIsToldAndRestartsNothing) {
  Application application;
  application.answer(500);
  start({.liveness = http_probe()}, application.port());
  set_port_open(true);
  EXPECT_EQ(events_.next(), "ready: the local port accepts connections");
  EXPECT_THAT(events_.next(), HasSubstr("event: Liveness probe failed: HTTP"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(events_.next(), "liveness: Container web failed liveness probe, will be restarted");
  }
  EXPECT_TRUE(ready());
}

// As a container's process that stops listening and lives on.
TEST_F(ProbeSetTest, WhereSomebodyRestartsTheProcessAClosedPortFailsTheLivenessProbe) {
  std::optional<Application> application(std::in_place);
  start({.liveness = http_probe()}, application->port(), ProbeMode::kFollow, true);
  EXPECT_EQ(statuses().front().message, "no local process") << "it was never there";
  set_port_open(true);
  EXPECT_EQ(events_.next(), "ready: the local port accepts connections");
  set_port_open(false);
  EXPECT_EQ(events_.next(), "not ready: nothing listens on the local port");
  application.reset();
  EXPECT_THAT(events_.next(), HasSubstr("event: Liveness probe failed: Get "));
  EXPECT_EQ(events_.next(), "liveness: Container web failed liveness probe, will be restarted");
  // The next one may take its time: it is judged from when it listens.
  EXPECT_EQ(statuses().front().message, "no local process");
  set_port_open(true);
  EXPECT_EQ(events_.next(), "ready: the local port accepts connections");
  EXPECT_THAT(events_.next(), HasSubstr("event: Liveness probe failed: Get "));
}

TEST_F(ProbeSetTest, AProcessThatIsRestartedHasItsStartupProbeAgain) {
  Application application;
  start({.startup = http_probe(), .liveness = http_probe()}, application.port(), ProbeMode::kFollow,
        true);
  set_port_open(true);
  EXPECT_EQ(events_.next(), "ready: the local port accepts connections");
  application.answer(500);
  EXPECT_THAT(events_.next(), HasSubstr("event: Liveness probe failed: HTTP"));
  EXPECT_EQ(events_.next(), "not ready: the startup probe has not succeeded yet");
  EXPECT_EQ(events_.next(), "liveness: Container web failed liveness probe, will be restarted");
  EXPECT_THAT(events_.next(), HasSubstr("event: Startup probe failed: HTTP"));
}

TEST_F(ProbeSetTest, ARedirectElsewhereIsToldAsAWarning) {
  const HttpServer server([](const HttpMessage&, Connection&) {
    return Reply{.status = 302, .headers = {"Location: http://elsewhere.example/"}};
  });
  start({.readiness = http_probe()}, server.port());
  set_port_open(true);
  EXPECT_EQ(events_.next(),
            "event: Readiness probe warning: Probe terminated redirects, Response body: ");
  EXPECT_EQ(events_.next(), "ready: the readiness probe succeeds");
}

TEST_F(ProbeSetTest, WhatCannotBeAskedIsToldAndChangesNothing) {
  Probe probe = http_probe();
  probe.action = ExecAction{{"/no/such/program"}};
  start({.liveness = probe}, 1);
  set_port_open(true);
  EXPECT_EQ(events_.next(), "ready: the local port accepts connections");
  EXPECT_THAT(events_.next(), HasSubstr("event: Liveness probe errored and resulted in unknown "
                                        "state: running /no/such/program"));
  EXPECT_FALSE(statuses().front().ok);
}

TEST_F(ProbeSetTest, AProcessThatComesAnewIsProbedAnew) {
  Application application;
  start({.readiness = http_probe()}, application.port());
  for (int i = 0; i < 2; ++i) {
    set_port_open(true);
    EXPECT_EQ(events_.next(), "ready: the readiness probe succeeds");
    set_port_open(false);
    EXPECT_EQ(events_.next(), "not ready: nothing listens on the local port");
  }
}

TEST_F(ProbeSetTest, AlwaysReadyNeedsNoProcess) {
  start({.readiness = http_probe()}, 1, ProbeMode::kReady);
  EXPECT_EQ(events_.next(), "ready: the probes are set aside");
  set_port_open(true);
  set_port_open(false);
  EXPECT_TRUE(ready());
  EXPECT_THAT(statuses(), IsEmpty());
}

TEST_F(ProbeSetTest, WithNoneThePortDecidesWhateverTheProbesWouldSay) {
  Application application;
  application.answer(500);
  start({.readiness = http_probe()}, application.port(), ProbeMode::kNone);
  set_port_open(true);
  EXPECT_EQ(events_.next(), "ready: the local port accepts connections");
}

class ProbeSetHoldTest : public ProbeSetTest {
 protected:
  // Succeeds with any connection, fails when the process behind it stands still or is gone.
  static Probe quick_http() {
    Probe probe = http_probe();
    probe.timing.timeout = milliseconds(50);
    return probe;
  }
  void stop_process() {
    kill(process_.pid(), SIGSTOP);
    int status = 0;
    ASSERT_EQ(waitpid(process_.pid(), &status, WUNTRACED), process_.pid());
  }
  const testing::ListeningProcess process_;  // takes connections, never answers
};

TEST_F(ProbeSetHoldTest, HoldLeavesTheStateAloneWhileADebuggerHoldsTheProcess) {
  stop_process();
  start({.liveness = quick_http()}, process_.port(), ProbeMode::kHold);
  set_port_open(true);
  EXPECT_EQ(events_.next(), "ready: the local port accepts connections");
  const std::string line = events_.next();
  EXPECT_THAT(line, HasSubstr("event: Liveness probe failed: Get "));
  EXPECT_THAT(line, HasSubstr("(not counted: a debugger holds "));
  kill(process_.pid(), SIGCONT);
  EXPECT_THAT(events_.next(), HasSubstr("exceeded while awaiting headers)")) << "counted again";
  EXPECT_THAT(events_.next(), HasSubstr("liveness: Container web failed"));
}

TEST_F(ProbeSetHoldTest, FollowCountsWhatADebuggerCauses) {
  stop_process();
  start({.liveness = quick_http()}, process_.port(), ProbeMode::kFollow);
  set_port_open(true);
  EXPECT_EQ(events_.next(), "ready: the local port accepts connections");
  EXPECT_THAT(events_.next(), HasSubstr("event: Liveness probe failed: Get "));
  EXPECT_THAT(events_.next(), HasSubstr("liveness: Container web failed"));
}

}  // namespace
}  // namespace ferry::daemon
