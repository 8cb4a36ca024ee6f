// Hands events to whoever listens: published on the loop, subscribed to from the control server's
// threads.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "daemon/control/service.h"

namespace ferry::daemon {

class EventHub {
 public:
  using OnEvent = std::function<void(const control::Event&)>;

  EventHub() = default;
  // Every subscription is gone by then.
  ~EventHub() = default;
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  // See control::Service::subscribe(). Any thread.
  std::unique_ptr<control::Subscription> subscribe(OnEvent on_event);

  // Calls every subscriber before it returns. Fills in the time.
  void publish(control::Event event);

 private:
  class Ticket;

  std::mutex mutex_;
  std::list<OnEvent> subscribers_;
};

}  // namespace ferry::daemon
