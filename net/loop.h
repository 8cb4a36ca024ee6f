// The event loop: one thread, on which everything of net/ and the data plane lives.
//
// Nothing here may be called from another thread, except post().
#pragma once

#include <functional>
#include <memory>

#include "base/time.h"

struct uv_loop_s;

namespace ferry::net {

// An object whose deletion may be put off to a moment when none of its own code is on the stack.
class Disposable {
 public:
  Disposable() = default;
  Disposable(const Disposable&) = delete;
  Disposable& operator=(const Disposable&) = delete;
  virtual ~Disposable() = default;
};

class Loop {
 public:
  Loop();
  // Runs what is still closing to its end. Every object that lives on the loop must be gone by
  // then.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop(), or until nothing is left that could happen (a pending post() counts; an
  // unreferenced wake-up handle doesn't).
  void run();
  void stop();

  // Runs `task` on the loop's thread, in the order of posting, never from within post() itself. The
  // only call that is allowed from other threads; they must be done with it before the loop is
  // destroyed. Tasks that have not run by then are dropped.
  void post(std::function<void()> task);

  // Deletes the object after the callback that is running now has returned. This is how an object
  // is let go from within a callback of its own.
  void delete_later(std::unique_ptr<Disposable> object);

  // The time at which this round of the loop began; cheap.
  TimePoint now() const;

  // For net/ alone.
  uv_loop_s* native();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ferry::net
