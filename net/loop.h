// The event loop: one thread, on which everything of net/ and the data plane lives.
//
// Nothing here may be called from another thread, except post().
#pragma once

#include <functional>
#include <memory>

#include "base/time.h"

struct uv_loop_s;

namespace ferry::net {

class Buffers;

// An object whose deletion may be put off to a moment when none of its own code is on the stack.
class Disposable {
 public:
  Disposable() = default;
  Disposable(const Disposable&) = delete;
  Disposable& operator=(const Disposable&) = delete;
  virtual ~Disposable() = default;

  // Called by Loop::delete_later() at once: from here on the object calls nobody back.
  virtual void retire() {}
};

class Loop {
 public:
  // Has SIGPIPE ignored by the process where nobody handles it: a write to a closed connection is
  // an error value here. Aborts where the kernel grants no descriptors.
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

  // Retires the object now and deletes it after the callback that is running now has returned. This
  // is how an object is let go from within a callback of its own.
  void delete_later(std::unique_ptr<Disposable> object);

  // The time of this round of the loop, as of the first who asked in it; cheap.
  TimePoint now() const;

  // For net/ alone.
  uv_loop_s* native();
  Buffers& buffers();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ferry::net
