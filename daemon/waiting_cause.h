// Finds out and tells why something is waited for, once that has taken a while.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "daemon/backend.h"
#include "daemon/workers.h"
#include "net/timer.h"

namespace ferry::daemon {

class WaitingCause {
 public:
  // Gets the likeliest cause, a line at a time, as `ferry diagnose` puts it. On the loop.
  using Tell = std::function<void(const std::string& line)>;

  // `patience`: how long waiting is nothing to speak of. Loop and workers outlive this.
  WaitingCause(net::Loop& loop, Workers& workers, Duration patience, Tell tell);

  // It waits for this target of `cluster`. While it goes on waiting, further calls change nothing;
  // one cause is told at most.
  void waits(const Cluster& cluster, const control::Target& target);
  // It doesn't wait any more.
  void goes_on();

 private:
  void look();

  Workers& workers_;
  const Duration patience_;
  const Tell tell_;
  bool waits_ = false;
  Cluster cluster_;
  control::Target target_;
  std::unique_ptr<Task> task_;
  net::Timer timer_;
};

}  // namespace ferry::daemon
