#include "cli/event_watch.h"

#include <poll.h>

#include <array>
#include <csignal>
#include <memory>
#include <thread>
#include <utility>

#include "cli/hand_over.h"
#include "cli/signal_queue.h"

namespace ferry::cli {
namespace {

struct News {
  std::size_t call = 0;
  std::optional<control::Event> event;
  Status ended;  // meaningful without an event: the call is over
};

}  // namespace

bool EventWatch::wait() const {
  SignalQueue signals{SIGINT, SIGTERM, SIGHUP};  // first: threads inherit the mask
  const auto queue = std::make_shared<HandOver<News>>();
  for (std::size_t i = 0; i < calls.size(); ++i) {
    std::thread([queue, i, call = calls[i]] {
      auto ended = call([&](const control::Event& event) {
        queue->push({.call = i, .event = event, .ended = {}});
        return true;
      });
      queue->push({.call = i, .event = std::nullopt, .ended = std::move(ended)});
    }).detach();
  }
  for (std::size_t running = calls.size(); running > 0;) {
    std::array<pollfd, 2> waiting = {pollfd{.fd = queue->fd(), .events = POLLIN, .revents = 0},
                                     pollfd{.fd = signals.fd(), .events = POLLIN, .revents = 0}};
    constexpr int kTickMilliseconds = 1000;
    poll(waiting.data(), waiting.size(), kTickMilliseconds);
    for (const auto& news : queue->take()) {
      if (news.event) {
        on_event(news.call, *news.event);
      } else {
        --running;
        on_end(news.call, news.ended);
      }
    }
    if (running > 0 && signals.take() != 0) return false;
    on_tick();
  }
  return true;
}

}  // namespace ferry::cli
