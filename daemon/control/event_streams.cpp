#include "daemon/control/event_streams.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

#include "daemon/control/json.h"
#include "daemon/control/user_server.h"

namespace ferry::control {
namespace {

// How often a stream looks around where the system had no descriptor that could wake it.
constexpr int kLookMillis = 200;
constexpr auto kLastWords = std::chrono::seconds(1);

std::string as_sse(const Event& event) {
  return "event: " + std::string(name_of(event.kind)) + "\ndata: " + dump(to_json(event)) + "\n\n";
}

}  // namespace

EventStreams::EventStreams() : stop_event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

EventStreams::~EventStreams() {
  if (stop_event_ >= 0) ::close(stop_event_);
}

void EventStreams::send(httplib::Response& response, std::shared_ptr<EventQueue> queue,
                        bool until_ended, std::function<void()> on_end) {
  response.set_header("Cache-Control", "no-cache");
  count(+1);
  response.set_chunked_content_provider(
      kEventStream,
      [this, queue = std::move(queue), until_ended](std::size_t, httplib::DataSink& sink) {
        return send_some(*queue, sink, until_ended);
      },
      [this, on_end = std::move(on_end)](bool) {
        if (on_end && !stopping_) on_end();
        count(-1);
      });
}

bool EventStreams::send_some(EventQueue& queue, httplib::DataSink& sink, bool until_ended) {
  if (!sink.is_writable()) return false;
  const bool last = stopping_;
  const auto event = queue.pop();
  if (!event) return !last && wait_for_news(queue);
  const std::string text = as_sse(*event);
  if (!sink.write(text.data(), text.size())) return false;
  if (event->kind == EventKind::kEnded && until_ended) sink.done();
  return true;
}

bool EventStreams::wait_for_news(const EventQueue& queue) const {
  std::array<pollfd, 3> wanted = {
      pollfd{.fd = queue.descriptor(), .events = POLLIN, .revents = 0},
      pollfd{.fd = stop_event_, .events = POLLIN, .revents = 0},
      pollfd{.fd = UserServer::connection_of_this_thread(), .events = POLLRDHUP, .revents = 0}};
  const bool can_be_woken = wanted[0].fd >= 0 && wanted[1].fd >= 0;
  poll(wanted.data(), wanted.size(), can_be_woken ? -1 : kLookMillis);
  return wanted[2].revents == 0;
}

void EventStreams::count(int change) {
  const std::lock_guard lock(mutex_);
  running_ += change;
  ended_.notify_all();
}

void EventStreams::stop() {
  stopping_ = true;
  eventfd_write(stop_event_, 1);
}

void EventStreams::wait_for_last_words() {
  std::unique_lock lock(mutex_);
  ended_.wait_for(lock, kLastWords, [this] { return running_ == 0; });
}

}  // namespace ferry::control
