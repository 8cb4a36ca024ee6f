#include "daemon/event_hub.h"

#include <iterator>
#include <utility>

namespace ferry::daemon {

class EventHub::Ticket final : public control::Subscription {
 public:
  Ticket(EventHub& hub, std::list<OnEvent>::iterator place) : hub_(hub), place_(place) {}
  ~Ticket() override {
    const std::lock_guard lock(hub_.mutex_);
    hub_.subscribers_.erase(place_);
  }

 private:
  EventHub& hub_;
  const std::list<OnEvent>::iterator place_;
};

std::unique_ptr<control::Subscription> EventHub::subscribe(OnEvent on_event) {
  const std::lock_guard lock(mutex_);
  subscribers_.push_back(std::move(on_event));
  return std::make_unique<Ticket>(*this, std::prev(subscribers_.end()));
}

void EventHub::publish(control::Event event) {
  event.time = control::unix_millis_now();
  const std::lock_guard lock(mutex_);
  for (const OnEvent& subscriber : subscribers_) subscriber(event);
}

}  // namespace ferry::daemon
