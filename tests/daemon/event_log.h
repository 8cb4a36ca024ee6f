// What the daemon has told its listeners, and a wait for more.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/control/service.h"

namespace ferry::testing {

class EventLog {
 public:
  explicit EventLog(control::Service& service)
      : subscription_(service.subscribe([this](const control::Event& event) {
          const std::lock_guard lock(mutex_);
          events_.push_back(event);
          changed_.notify_all();
        })) {}

  // The first event, of those since the last one that was found, for which this holds.
  control::Event wait_for(const std::function<bool(const control::Event&)>& wanted) {
    std::unique_lock lock(mutex_);
    control::Event found;
    const bool came = changed_.wait_for(lock, std::chrono::seconds(20), [&] {
      while (next_ < events_.size()) {
        if (wanted(events_[next_++])) {
          found = events_[next_ - 1];
          return true;
        }
      }
      return false;
    });
    EXPECT_TRUE(came) << "the event that the test waited for did not come";
    return found;
  }

  control::LinkStatus wait_for_state(const std::string& id, control::LinkState state) {
    const auto event = wait_for([&](const control::Event& seen) {
      return seen.link_id == id && seen.link && seen.link->state == state;
    });
    return event.link.value_or(control::LinkStatus{});
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<control::Event> events_;
  std::size_t next_ = 0;
  const std::unique_ptr<control::Subscription>
      subscription_;  // last: its end waits for the callback
};

}  // namespace ferry::testing
