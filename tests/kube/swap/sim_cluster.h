// A small cluster in memory, in simulated time: an API over objects, with controllers behind it
// that make pods of workloads, endpoints of pods, and collect what has lost its owner.
//
// Pods become ready `start_time` after they were made, and are gone three seconds after they were
// told to end.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kube/api.h"
#include "kube/swap/run.h"
#include "tests/fakes/fake_kube_api.h"

namespace ferry::swap {

class SimCluster final : public kube::Api {
 public:
  // What happens to one call, counted from 0.
  enum class Trouble : std::uint8_t {
    kBefore,      // it never gets there
    kAfter,       // it takes effect, the answer is lost
    kDuring,      // it takes effect, and half a minute goes by until the caller gives up
    kDiesBefore,  // as kBefore, and the caller makes no further call
    kDiesAfter,   // as kAfter, and the caller makes no further call
    kLate,        // the answer is lost, and it takes effect 40 s later
  };
  struct Fault {
    std::size_t call = 0;
    Trouble trouble = Trouble::kBefore;
  };

  Duration start_time = std::chrono::seconds(2);
  // Controllers do nothing until then: what they wrote is out of date.
  TimePoint controllers_rest_until{};
  std::optional<Fault> fault;
  std::size_t calls = 0;  // so far
  // The next call whose "METHOD path" this is, and which isn't a dry run: as kLate.
  std::optional<std::string> late;
  // Whether a request is allowed; empty: everything is. Of reviews and of requests.
  struct Attempt {
    std::string verb, group, resource, subresource, name;
  };
  std::function<bool(const Attempt&)> may;
  // Answers in the API's stead.
  std::function<std::optional<Result<kube::Json>>(const kube::Request&)> intercept;
  // Whether a pod whose containers run is ready; empty: it is. Must not call objects().
  std::function<bool(const kube::Json& pod)> ready;
  // Called after each thing that has happened.
  std::function<void()> on_change;

  kube::FakeKubeApi& objects() { return objects_; }
  // All objects of a kind in namespace "demo".
  std::vector<kube::Json> all(const kube::Resource& resource);
  // Everything that users and Ferry make, without what the API server and controllers write.
  kube::Json snapshot();
  // Time goes by.
  void advance(Duration time);
  TimePoint now() const { return now_; }
  // The caller's process has ended; a new one begins with the next call.
  void new_process() { dead_ = false; }
  bool dead() const { return dead_; }

  Result<kube::Json> request(const kube::Request& request,
                             const kube::CancelToken& cancel) override;
  Status stream(const kube::Request& request, const OnLine& on_line,
                const kube::CancelToken& cancel) override;

 private:
  Result<kube::Json> serve(const kube::Request& request);
  Result<kube::Json> review(const kube::Request& request) const;
  std::optional<Error> refuse(const kube::Request& request);
  void control();
  std::vector<kube::Json> those(const kube::Resource& resource,
                                const std::function<bool(const kube::Json&)>& wanted) const;
  void count_generations();
  bool due() const;
  void collect();
  void run_workload(const kube::Resource& resource, const kube::Json& workload);
  void make_pod(const kube::Json& workload, const std::string& owner_kind,
                const std::string& owner_name);
  void age_pods();
  void make_slices();
  std::string date() const;

  void serve_late();

  kube::FakeKubeApi objects_;
  std::map<std::string, kube::Json> specs_;  // of workloads, by uid: as last counted
  kube::CancelToken never_;
  std::optional<std::pair<TimePoint, kube::Request>> under_way_;  // and when it takes effect
  TimePoint now_{};
  bool dead_ = false;
  bool resting_ = false;
  int pods_made_ = 0;
};

// Sleeping lets the cluster go on.
class SimPace final : public Pace {
 public:
  explicit SimPace(SimCluster& cluster) : cluster_(cluster) {}
  TimePoint now() const override { return cluster_.now(); }
  std::chrono::system_clock::time_point date() const override {
    return std::chrono::system_clock::time_point(std::chrono::seconds(1'790'000'000));
  }
  bool sleep_for(Duration time, const kube::CancelToken& cancel) override {
    if (cancel.cancelled() || cluster_.dead()) return false;
    cluster_.advance(time);
    return true;
  }

 private:
  SimCluster& cluster_;
};

}  // namespace ferry::swap
