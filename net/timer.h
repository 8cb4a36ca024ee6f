// A one-shot timer on the loop. Destroying it stops it; restarting it from its own callback is
// fine.
#pragma once

#include <functional>
#include <memory>

#include "base/time.h"

namespace ferry::net {

class Loop;

class Timer {
 public:
  Timer(Loop& loop, std::function<void()> on_fire);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // (Re)arms it. Fires once, not before `after` has passed (rounded up to milliseconds).
  void start(Duration after);
  void stop();
  bool active() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ferry::net
