// A stand-in whose daemon doesn't come back has what it replaced restored.
#pragma once

#include <functional>

#include "base/result.h"
#include "base/time.h"
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
  Duration timeout{};  // without a daemon, from the start or from the last one on; zero: never
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
  void restore();
  void finished(const Status& status);

  const OrphanOptions options_;
  OrphanRestore* const restore_;
  net::Timer timer_;
  Duration backoff_;
  bool attached_ = false;
  bool restoring_ = false;
  bool restored_ = false;
};

}  // namespace ferry::proxy
