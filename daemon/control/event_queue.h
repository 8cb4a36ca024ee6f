// The events that one client still has to be sent. Filled on the daemon's thread, emptied on the
// client's.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "daemon/control/api.h"

namespace ferry::control {

class EventQueue {
 public:
  EventQueue();
  ~EventQueue();
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  // Readable (poll(2)) while there is an event to pop. -1 where the system had none to give.
  int descriptor() const { return descriptor_; }

  // Keeps only the events of this link from now on, those that wait included.
  void only(const std::string& link_id);

  // Never blocks. A client that is kCapacity events behind loses the oldest ones; the last events
  // hold whole states, so what it sees in the end is still true.
  void push(Event event);

  // Puts the state that the client starts from before everything that happened since.
  void push_front(Event event);

  // The next event, or nothing when there is none.
  std::optional<Event> pop();

 private:
  static constexpr std::size_t kCapacity = 1024;

  // The mutex is held.
  void quiet_if_empty();

  const int descriptor_;  // an eventfd
  std::mutex mutex_;
  std::string only_;  // empty: all
  std::deque<Event> events_;
};

}  // namespace ferry::control
