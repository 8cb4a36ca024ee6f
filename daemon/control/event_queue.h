// The events that one client still has to be sent. Filled on the daemon's thread, emptied on the
// client's.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "daemon/control/api.h"

namespace ferry::control {

class EventQueue {
 public:
  // Keeps only the events of this link from now on, those that wait included.
  void only(const std::string& link_id);

  // Never blocks. A client that is kCapacity events behind loses the oldest ones; the last events
  // hold whole states, so what it sees in the end is still true.
  void push(Event event);

  // Puts the state that the client starts from before everything that happened since.
  void push_front(Event event);

  // The next event, or nothing when none came in time.
  std::optional<Event> pop(std::chrono::milliseconds timeout);

 private:
  static constexpr std::size_t kCapacity = 1024;

  std::mutex mutex_;
  std::condition_variable filled_;
  std::string only_;  // empty: all
  std::deque<Event> events_;
};

}  // namespace ferry::control
