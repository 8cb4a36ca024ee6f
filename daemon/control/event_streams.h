// Answers of the control server that go on: server-sent events, each stream on the thread of its
// connection. Included by sources of control/ only.
// https://html.spec.whatwg.org/multipage/server-sent-events.html
#pragma once

#include <httplib.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "daemon/control/event_queue.h"

namespace ferry::control {

inline constexpr const char* kEventStream = "text/event-stream";

class EventStreams {
 public:
  EventStreams();
  ~EventStreams();
  EventStreams(const EventStreams&) = delete;
  EventStreams& operator=(const EventStreams&) = delete;

  // Answers with what comes into `queue`, until the client goes or, with `until_ended`, an event of
  // that kind was sent. `on_end` (may be empty) is called when the stream ends before stop().
  void send(httplib::Response& response, std::shared_ptr<EventQueue> queue, bool until_ended,
            std::function<void()> on_end = {});

  // Streams send what they have and end. Any thread.
  void stop();
  // After stop(): until they have, or for a second.
  void wait_for_last_words();

 private:
  bool send_some(EventQueue& queue, httplib::DataSink& sink, bool until_ended);
  // Until there is something to do for a stream. False: its client is gone.
  bool wait_for_news(const EventQueue& queue) const;
  void count(int change);

  std::atomic<bool> stopping_ = false;
  const int stop_event_;  // readable from then on; negative: there is none
  std::mutex mutex_;
  std::condition_variable ended_;
  int running_ = 0;
};

}  // namespace ferry::control
