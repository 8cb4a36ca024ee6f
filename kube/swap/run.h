// What every workflow of a swap runs on: the API, time, the user's patience, and somebody to tell.
//
// The workflows block; each runs on one worker thread. They wait by asking the API server again
// every `poll`, sleeping in between by `pace`, so that tests run in simulated time.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/time.h"
#include "kube/api.h"
#include "kube/cancel.h"

namespace ferry::swap {

class Pace {
 public:
  virtual ~Pace() = default;
  virtual TimePoint now() const = 0;
  // What a calendar says: for records that other machines read.
  virtual std::chrono::system_clock::time_point date() const = 0;
  // False when it was cancelled before the time had passed.
  virtual bool sleep_for(Duration time, const kube::CancelToken& cancel) = 0;
};

class RealPace final : public Pace {
 public:
  TimePoint now() const override { return std::chrono::steady_clock::now(); }
  std::chrono::system_clock::time_point date() const override {
    return std::chrono::system_clock::now();
  }
  bool sleep_for(Duration time, const kube::CancelToken& cancel) override {
    return cancel.sleep_for(time);
  }
};

// One line for people, each time that what is done or waited for changes ("deployment/web: waiting
// for 1 of 3 pods").
using Progress = std::function<void(const std::string& line)>;

struct Limits {
  Duration step = std::chrono::minutes(2);  // the longest that one step waits
  // The longest that restoring waits for the original's pods, while the stand-in goes on serving.
  Duration available = std::chrono::minutes(10);
  Duration settle = std::chrono::seconds(5);  // for the node proxies to follow the EndpointSlices
  Duration poll = std::chrono::milliseconds(500);
};

// What it refers to outlives the call that it is given to.
struct Run {
  kube::Api& api;
  Pace& pace;
  const kube::CancelToken& cancel;
  Progress progress;  // may be empty
  Limits limits;
};

}  // namespace ferry::swap
