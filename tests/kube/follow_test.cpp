#include "kube/follow.h"

#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/fakes/fake_kube_api.h"

namespace ferry::kube {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

Json pod(const std::string& name, const std::string& app = "web") {
  return {{"metadata", {{"name", name}, {"labels", {{"app", app}}}}}};
}

constexpr Backoff kShort{milliseconds(1), milliseconds(4)};

// Follows pods of the label app=web in namespace demo on a thread of its own.
class FollowTest : public testing::Test {
 protected:
  ~FollowTest() override {
    cancel_.cancel();
    if (thread_.joinable()) thread_.join();
  }

  void start() {
    thread_ = std::thread([this] {
      follow(api_, {kPods, "demo", {.labels = "app=web"}},
             {[this](const Objects& objects) { note(objects); },
              [this](const Error& error) { note(error); }},
             cancel_, kShort);
    });
  }

  // Waits until these are the names that were reported last.
  bool see(const std::vector<std::string>& names) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10),
                             [&] { return reports_ > 0 && names_ == names; });
  }
  bool see_troubles(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10),
                             [&] { return troubles_.size() >= count; });
  }

  FakeKubeApi api_;
  CancelToken cancel_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> names_;
  std::vector<Error> troubles_;
  int reports_ = 0;

 private:
  void note(const Objects& objects) {
    const std::lock_guard lock(mutex_);
    names_.clear();
    for (const auto& [name, object] : objects) names_.push_back(name);
    ++reports_;
    changed_.notify_all();
  }
  void note(const Error& error) {
    const std::lock_guard lock(mutex_);
    troubles_.push_back(error);
    changed_.notify_all();
  }

  std::thread thread_;
};

TEST_F(FollowTest, ReportsTheListAtOnceEvenWhenItIsEmpty) {
  start();
  EXPECT_TRUE(see({}));
}

TEST_F(FollowTest, SeesWhatComesChangesAndGoes) {
  api_.put(kPods, "demo", pod("a"));
  api_.put(kPods, "demo", pod("other", "db"));
  start();
  EXPECT_TRUE(see({"a"}));
  api_.put(kPods, "demo", pod("b"));
  EXPECT_TRUE(see({"a", "b"}));
  api_.erase(kPods, "demo", "a");
  EXPECT_TRUE(see({"b"}));
  EXPECT_THAT(troubles_, IsEmpty());
}

TEST_F(FollowTest, GoesOnWatchingWhenTheServerEndsTheWatch) {
  start();
  EXPECT_TRUE(see({}));
  api_.end_watches();
  api_.put(kPods, "demo", pod("a"));
  EXPECT_TRUE(see({"a"}));
  EXPECT_THAT(troubles_, IsEmpty());
}

TEST_F(FollowTest, ListsAgainWhenTheServerForgotTheVersion) {
  api_.put(kPods, "demo", pod("a"));
  start();
  EXPECT_TRUE(see({"a"}));
  api_.compact();
  api_.put(kPods, "demo", pod("b"));
  EXPECT_TRUE(see({"a", "b"}));
  EXPECT_THAT(troubles_, IsEmpty());
}

TEST_F(FollowTest, TellsTroubleAndTriesAgain) {
  api_.fail_next("GET", Error{ErrorCode::kForbidden, "listing pods", "no", {}}, 3);
  api_.put(kPods, "demo", pod("a"));
  start();
  EXPECT_TRUE(see({"a"}));
  EXPECT_TRUE(see_troubles(3));
  EXPECT_EQ(troubles_.front().code, ErrorCode::kForbidden);
}

TEST_F(FollowTest, LeavesManagedFieldsOut) {
  Json object = pod("a");
  object["metadata"]["managedFields"] = Json::array({Json::object()});
  api_.put(kPods, "demo", object);
  CancelToken cancel;
  Json seen;
  follow(api_, {kPods, "demo", {}},
         {[&](const Objects& objects) {
            seen = objects.at("a");
            cancel.cancel();
          },
          {}},
         cancel);
  EXPECT_FALSE(seen["metadata"].contains("managedFields"));
}

TEST(BackoffTest, DoublesWithJitterUpToItsLimit) {
  const Backoff backoff;
  EXPECT_EQ(backoff_delay(backoff, 1, 0.0), milliseconds(800));
  EXPECT_EQ(backoff_delay(backoff, 1, 0.5), milliseconds(1200));
  EXPECT_EQ(backoff_delay(backoff, 2, 0.0), milliseconds(1600));
  EXPECT_EQ(backoff_delay(backoff, 6, 0.0), milliseconds(25'600));
  EXPECT_EQ(backoff_delay(backoff, 6, 0.9), std::chrono::seconds(30));
  EXPECT_EQ(backoff_delay(backoff, 1'000'000, 0.9), std::chrono::seconds(30));
}

TEST(CancelTest, EndsASleepAtOnce) {
  CancelToken token;
  std::thread canceller([&] { token.cancel(); });
  EXPECT_FALSE(token.sleep_for(std::chrono::hours(1)));
  canceller.join();
  EXPECT_TRUE(token.cancelled());
  EXPECT_TRUE(CancelToken().sleep_for(milliseconds(1)));
}

}  // namespace
}  // namespace ferry::kube
