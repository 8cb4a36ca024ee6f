#include "kube/logs/follow_logs.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/fakes/fake_kube_api.h"

namespace ferry::logs {
namespace {

using kube::Json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

Json terminated(const std::string& run) { return {{"terminated", {{"containerID", run}}}}; }

class FollowLogsTest : public testing::Test {
 protected:
  FollowLogsTest() {
    source_.target = {kube::TargetKind::kDeployment, "web"};
    source_.ns = "demo";
    source_.pods.labels = "app=web";
  }
  ~FollowLogsTest() override { end(); }

  void put_pod(const std::string& name, const std::string& run, const Json& state,
               const Json& last_state = Json::object(), const std::string& phase = "Running") {
    api_.put(kube::kPods, "demo",
             {{"metadata", {{"name", name}, {"uid", name}, {"labels", {{"app", "web"}}}}},
              {"spec", {{"containers", {{{"name", "app"}}}}}},
              {"status",
               {{"phase", phase},
                {"containerStatuses",
                 {{{"name", "app"},
                   {"containerID", run},
                   {"state", state},
                   {"lastState", last_state}}}}}}});
  }

  // A line a second, as the node stamps them.
  static std::string stamped(int second, const std::string& text) {
    return "2026-11-20T16:36:" + std::to_string(second) + ".000000000Z " + text;
  }

  void put_log(const std::string& pod, bool previous, const std::vector<std::string>& lines) {
    api_.put_log("demo", pod, "app", previous, lines);
  }

  void start() {
    thread_ = std::thread(
        [this] { outcome_ = follow_logs(api_, source_, options_, callbacks_, cancel_); });
  }

  void end() {
    cancel_.cancel();
    if (thread_.joinable()) thread_.join();
  }

  void wait_for_lines(std::size_t count) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(30), [&] {
      return lines_.size() >= count;
    })) << testing::PrintToString(lines_);
  }

  kube::FakeKubeApi api_;
  LogSource source_;
  FollowOptions options_;
  kube::CancelToken cancel_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  std::vector<std::string> notes_;
  bool full_ = false;  // nobody reads any more
  FollowCallbacks callbacks_{.on_line =
                                 [this](const LogLine& line) {
                                   const std::lock_guard lock(mutex_);
                                   lines_.push_back(line.from.pod + ": " + std::string(line.text));
                                   changed_.notify_all();
                                   return !full_;
                                 },
                             .on_note =
                                 [this](const std::string& note) {
                                   const std::lock_guard lock(mutex_);
                                   notes_.push_back(note);
                                 }};
  Status outcome_;
  std::thread thread_;
};

const Json kRuns = {{"running", Json::object()}};

TEST_F(FollowLogsTest, WhatIsReadAgainAndAgainIsShownOnce) {
  put_pod("web-1", "a", kRuns);
  put_log("web-1", false, {stamped(10, "one"), stamped(11, "two")});
  start();
  wait_for_lines(2);
  put_log("web-1", false, {stamped(10, "one"), stamped(11, "two"), stamped(11, "three")});
  wait_for_lines(3);
  put_log("web-1", false, {stamped(11, "two"), stamped(11, "three"), stamped(12, "four")});
  wait_for_lines(4);
  end();
  EXPECT_THAT(lines_, ElementsAre("web-1: one", "web-1: two", "web-1: three", "web-1: four"));
}

TEST_F(FollowLogsTest, ARestartLosesNeitherTheOldRunsEndNorTheNewOnesBeginning) {
  put_pod("web-1", "a", kRuns);
  put_log("web-1", false, {stamped(10, "one")});
  start();
  wait_for_lines(1);
  api_.fail_next("GET /api/v1/namespaces/demo/pods/web-1/log",
                 {ErrorCode::kUnreachable, "reading", "cut", ""}, 2);
  put_log("web-1", true, {stamped(10, "one"), stamped(11, "last words")});
  put_log("web-1", false, {stamped(12, "again")});
  put_pod("web-1", "b", kRuns, terminated("a"));
  wait_for_lines(3);
  end();
  EXPECT_EQ(lines_.front(), "web-1: one");
  EXPECT_THAT(lines_, Contains("web-1: again"));
  EXPECT_EQ(lines_.size(), 3U) << testing::PrintToString(lines_);
  EXPECT_THAT(notes_, Contains(HasSubstr("started anew")));
}

TEST_F(FollowLogsTest, NewPodsAreFollowedFromTheirBeginning) {
  options_.tail = 1;
  put_pod("web-1", "a", kRuns);
  put_log("web-1", false, {stamped(10, "old"), stamped(11, "last")});
  start();
  wait_for_lines(1);
  put_log("web-2", false, {stamped(10, "first"), stamped(11, "second")});
  put_pod("web-2", "b", kRuns);
  wait_for_lines(3);
  end();
  EXPECT_THAT(lines_, ElementsAre("web-1: last", "web-2: first", "web-2: second"));
  EXPECT_THAT(notes_, ElementsAre("pod/web-2: new"));
}

TEST_F(FollowLogsTest, WithATailOfNothingOnlyNewsIsShown) {
  options_.tail = 0;
  put_pod("web-1", "a", kRuns);
  put_log("web-1", false, {stamped(10, "old"), stamped(11, "last")});
  start();
  const auto asked = [&] {
    const auto requests = api_.requests();
    return std::count(requests.begin(), requests.end(),
                      "GET /api/v1/namespaces/demo/pods/web-1/log");
  };
  while (asked() < 2) std::this_thread::yield();
  put_log("web-1", false, {stamped(10, "old"), stamped(11, "last"), stamped(11, "news")});
  wait_for_lines(1);
  end();
  EXPECT_THAT(lines_, ElementsAre("web-1: news"));
}

TEST_F(FollowLogsTest, APodThatHasEndedEndsIt) {
  source_.target = {kube::TargetKind::kPod, "web-1"};
  source_.pods = {.fields = "metadata.name=web-1"};
  put_pod("web-1", "a", terminated("a"), Json::object(), "Succeeded");
  put_log("web-1", false, {stamped(10, "done")});
  EXPECT_TRUE(follow_logs(api_, source_, options_, callbacks_, cancel_));
  EXPECT_THAT(lines_, ElementsAre("web-1: done"));
}

TEST_F(FollowLogsTest, ItEndsWhenNobodyReadsIt) {
  full_ = true;
  put_pod("web-1", "a", kRuns);
  put_log("web-1", false, {stamped(10, "one"), stamped(11, "two")});
  EXPECT_TRUE(follow_logs(api_, source_, options_, callbacks_, cancel_));
  EXPECT_THAT(lines_, ElementsAre("web-1: one"));
}

TEST_F(FollowLogsTest, ItEndsWhenLogsMayNotBeRead) {
  put_pod("web-1", "a", kRuns);
  api_.fail_next("GET /api/v1/namespaces/demo/pods/web-1/log",
                 {ErrorCode::kForbidden, "reading", "cannot get pods/log", ""});
  const auto outcome = follow_logs(api_, source_, options_, callbacks_, cancel_);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kForbidden);
}

TEST_F(FollowLogsTest, AContainerThatWasNotAskedForIsLeftOut) {
  options_.container = "other";
  source_.target = {kube::TargetKind::kPod, "web-1"};
  put_pod("web-1", "a", terminated("a"), Json::object(), "Failed");
  put_log("web-1", false, {stamped(10, "done")});
  EXPECT_TRUE(follow_logs(api_, source_, options_, callbacks_, cancel_));
  EXPECT_THAT(lines_, ElementsAre());
}

TEST_F(FollowLogsTest, TheEndOfALongLineIsLeftOut) {
  put_pod("web-1", "a", kRuns);
  put_log("web-1", false, {stamped(10, std::string(kLongestLine + 1, 'x')), stamped(11, "next")});
  std::vector<std::pair<std::size_t, bool>> sizes;
  callbacks_.on_line = [&](const LogLine& line) {
    sizes.emplace_back(line.text.size(), line.cut);
    return sizes.size() < 2;
  };
  EXPECT_TRUE(follow_logs(api_, source_, options_, callbacks_, cancel_));
  EXPECT_THAT(sizes, ElementsAre(std::pair{kLongestLine, true}, std::pair{std::size_t{4}, false}));
}

}  // namespace
}  // namespace ferry::logs
