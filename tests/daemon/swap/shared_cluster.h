// The simulated cluster, shared by a test and the threads of what it tests; one call can be held up
// until the test lets it go on.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "tests/kube/swap/sim_cluster.h"

namespace ferry::daemon::testing {

class SharedCluster final : public kube::Api {
 public:
  // To look into it, and to change it.
  template <typename Work>
  auto with(Work work) {
    const std::lock_guard lock(mutex_);
    return work(cluster_);
  }
  kube::Json find(const kube::Resource& resource, const std::string& name) {
    return with([&](swap::SimCluster& cluster) {
      return cluster.objects().find(resource, "demo", name).value_or(kube::Json());
    });
  }

  // The next call whose "METHOD path" ends with `words` stays under way until let_go().
  void hold(std::string words) {
    const std::lock_guard lock(mutex_);
    held_ = std::move(words);
  }
  bool is_held() {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    held_.reset();
    changed_.notify_all();
  }

  Result<kube::Json> request(const kube::Request& request,
                             const kube::CancelToken& cancel) override {
    std::unique_lock lock(mutex_);
    const std::string call = request.method + " " + request.path;
    const bool held = held_ && call.ends_with(*held_);
    if (held) {
      waiting_ = true;
      changed_.wait(lock, [this] { return !held_.has_value(); });
      waiting_ = false;
    }
    // It was sent long ago: that nobody waits for its answer any more doesn't take it back.
    auto answer = cluster_.request(request, held ? never_ : cancel);
    if (held && cancel.cancelled()) return fail(kube::cancelled_error(call));
    return answer;
  }
  Status stream(const kube::Request& request, const OnLine& on_line,
                const kube::CancelToken& cancel) override {
    return cluster_.stream(request, on_line, cancel);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::string> held_;
  bool waiting_ = false;
  const kube::CancelToken never_;
  swap::SimCluster cluster_;
};

// Its hours go by in milliseconds, and the cluster's with them.
class BriskPace final : public swap::Pace {
 public:
  explicit BriskPace(SharedCluster& cluster) : cluster_(cluster) {}
  TimePoint now() const override {
    return cluster_.with([](swap::SimCluster& cluster) { return cluster.now(); });
  }
  std::chrono::system_clock::time_point date() const override {
    return std::chrono::system_clock::time_point(std::chrono::seconds(1'790'000'000));
  }
  bool sleep_for(Duration time, const kube::CancelToken& cancel) override {
    cluster_.with([&](swap::SimCluster& cluster) { cluster.advance(time); });
    return cancel.sleep_for(std::chrono::milliseconds(1));
  }

 private:
  SharedCluster& cluster_;
};

}  // namespace ferry::daemon::testing
