#include "daemon/control/event_queue.h"

#include <algorithm>

namespace ferry::control {

void EventQueue::only(const std::string& link_id) {
  const std::lock_guard lock(mutex_);
  only_ = link_id;
  std::erase_if(events_, [&](const Event& event) { return event.link_id != link_id; });
}

void EventQueue::push(Event event) {
  {
    const std::lock_guard lock(mutex_);
    if (!only_.empty() && event.link_id != only_) return;
    if (events_.size() == kCapacity) events_.pop_front();
    events_.push_back(std::move(event));
  }
  filled_.notify_one();
}

void EventQueue::push_front(Event event) {
  const std::lock_guard lock(mutex_);
  events_.push_front(std::move(event));
}

std::optional<Event> EventQueue::pop(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  if (!filled_.wait_for(lock, timeout, [this] { return !events_.empty(); })) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

}  // namespace ferry::control
