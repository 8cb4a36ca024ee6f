#include "daemon/control/event_queue.h"

#include <sys/eventfd.h>
#include <unistd.h>

namespace ferry::control {

EventQueue::EventQueue() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

EventQueue::~EventQueue() {
  if (descriptor_ >= 0) close(descriptor_);
}

void EventQueue::only(const std::string& link_id) {
  const std::lock_guard lock(mutex_);
  only_ = link_id;
  std::erase_if(events_, [&](const Event& event) { return event.link_id != link_id; });
  quiet_if_empty();
}

void EventQueue::push(Event event) {
  const std::lock_guard lock(mutex_);
  if (!only_.empty() && event.link_id != only_) return;
  if (events_.size() == kCapacity) events_.pop_front();
  events_.push_back(std::move(event));
  eventfd_write(descriptor_, 1);
}

void EventQueue::push_front(Event event) {
  const std::lock_guard lock(mutex_);
  events_.push_front(std::move(event));
  eventfd_write(descriptor_, 1);
}

std::optional<Event> EventQueue::pop() {
  const std::lock_guard lock(mutex_);
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  quiet_if_empty();
  return event;
}

void EventQueue::quiet_if_empty() {
  eventfd_t count = 0;
  if (events_.empty()) eventfd_read(descriptor_, &count);
}

}  // namespace ferry::control
