// A stand-in whose daemon doesn't come back has what it replaced restored.
#pragma once

#include <functional>

#include "base/result.h"
#include "base/time.h"
#include "in-cluster-proxy/awake_time.h"
#include "net/loop.h"
#include "net/timer.h"

namespace ferry::proxy {

// Restoring what a stand-in replaced.
class OrphanRestore {
 public:
  virtual ~OrphanRestore() = default;
  // One attempt. `done` is called once, on the loop, never from within.
  virtual void start(std::function<void(Status)> done) = 0;
};

struct OrphanOptions {
  // Without a daemon, from the start or from the last one on; what this process itself didn't run
  // doesn't count. Zero: never.
  Duration timeout{};
  Duration first_backoff = std::chrono::seconds(5);  // between attempts that fail
  Duration max_backoff = std::chrono::minutes(5);
};

class OrphanTimer {
 public:
  // `restore` must outlive it, and not call back after that; null: never.
  OrphanTimer(net::Loop& loop, const OrphanOptions& options, OrphanRestore* restore);

  // Whether there is a daemon, each time that it may have changed. One that comes back stops the
  // timer, and further attempts; an attempt that is under way goes on to its end.
  void set_attached(bool attached);

 private:
  void look();
  void restore();
  void finished(const Status& status);

  const OrphanOptions options_;
  net::Loop& loop_;
  OrphanRestore* const restore_;
  AwakeTime alone_;
  net::Timer timer_;
  Duration backoff_;
  bool attached_ = false;
  bool waiting_ =
      false;  // for alone_ to reach its limit; otherwise the timer is for the next attempt
  bool restoring_ = false;
  bool restored_ = false;
};

}  // namespace ferry::proxy
