// Events that wait for poll_event(): those of one receive(), since they are drained before the next
// one. Its memory is kept from one batch to the next.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "tunnel/session.h"

namespace ferry::tunnel {

class EventQueue {
 public:
  bool empty() const { return head_ == events_.size(); }
  void push(Event event) { events_.push_back(std::move(event)); }
  Event& front() { return events_[head_]; }

  void pop() {
    if (++head_ < events_.size()) return;
    head_ = 0;
    events_.clear();
    if (events_.capacity() > kKept) events_.shrink_to_fit();
  }

 private:
  static constexpr std::size_t kKept = 1024;  // events; a batch of more gives its memory back

  std::vector<Event> events_;
  std::size_t head_ = 0;
};

}  // namespace ferry::tunnel
