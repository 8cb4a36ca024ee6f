#include "cli/forward.h"

#include <poll.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "cli/exit_code.h"
#include "cli/hand_over.h"
#include "cli/link_talk.h"
#include "cli/restarts.h"
#include "cli/signal_queue.h"

namespace ferry::cli {
namespace {

// What a link's thread hands to the main one.
struct ForwardNews {
  std::size_t link = 0;
  std::optional<control::Event> event;
  Status ended;  // meaningful without an event: the stream is over
};

LinkTalk::Words words_of(const ForwardOptions& options) {
  if (options.json) return LinkTalk::Words::kJsonEvents;
  return options.quiet ? LinkTalk::Words::kNone : LinkTalk::Words::kKubectls;
}

struct Held {
  control::LinkSpec spec;
  std::unique_ptr<LinkTalk> talk;
  std::thread thread;
  bool running = false;
  bool numbered = false;  // this daemon has said the link's id
  Restarts restarts = {};
};

class Forwarder {
 public:
  Forwarder(std::vector<control::LinkSpec> specs, Terminal& terminal,
            const ForwardOptions& options);
  ~Forwarder();
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;

  ForwardResult run();

 private:
  void start(std::size_t index);
  void wait();
  void on_news(const ForwardNews& news);
  void on_stream_end(std::size_t index, const Status& ended);
  bool start_again(Held& held, std::size_t index, const Error& error);
  void on_signal();
  void end_links();
  void keep_exit_code(const Error& error);
  ForwardResult result() const;

  SignalQueue signals_{SIGINT, SIGTERM, SIGHUP};  // first: threads inherit the mask
  HandOver<ForwardNews> news_;
  Terminal& terminal_;
  const ForwardOptions& options_;
  std::optional<control::Client> client_;
  std::vector<Held> links_;
  std::size_t running_ = 0;
  std::atomic<bool> interrupted_ = false;
  std::thread ender_;
  int exit_code_ = kExitDone;
};

Forwarder::Forwarder(std::vector<control::LinkSpec> specs, Terminal& terminal,
                     const ForwardOptions& options)
    : terminal_(terminal), options_(options) {
  for (auto& spec : specs) {
    Held held;
    held.talk = std::make_unique<LinkTalk>(terminal, to_string(spec.target), words_of(options));
    held.spec = std::move(spec);
    links_.push_back(std::move(held));
  }
}

Forwarder::~Forwarder() {
  if (ender_.joinable()) ender_.join();
  for (auto& held : links_) {
    if (held.thread.joinable()) held.thread.join();
  }
}

ForwardResult Forwarder::run() {
  auto client = options_.daemon();
  if (!client) {
    terminal_.error(client.error());
    return {exit_code_of(client.error().code), {}};
  }
  client_.emplace(*client);
  for (std::size_t i = 0; i < links_.size(); ++i) start(i);
  while (running_ > 0) wait();
  return result();
}

void Forwarder::start(std::size_t index) {
  auto& held = links_[index];
  held.running = true;
  held.numbered = false;
  ++running_;
  held.thread = std::thread([this, index, client = *client_, spec = held.spec] {
    const auto ended = client.create(spec, [&](const control::Event& event) {
      news_.push({.link = index, .event = event, .ended = {}});
      const auto state = event.link ? event.link->state : control::LinkState::kStarting;
      const bool listens =
          state == control::LinkState::kActive || state == control::LinkState::kWaiting;
      return !interrupted_ && !(options_.detach && listens);
    });
    news_.push({.link = index, .event = std::nullopt, .ended = ended});
  });
}

void Forwarder::wait() {
  std::array<pollfd, 2> waiting = {pollfd{.fd = news_.fd(), .events = POLLIN, .revents = 0},
                                   pollfd{.fd = signals_.fd(), .events = POLLIN, .revents = 0}};
  if (poll(waiting.data(), waiting.size(), -1) < 0) return;  // interrupted: look again
  for (const auto& news : news_.take()) on_news(news);
  while (signals_.take() != 0) on_signal();
}

void Forwarder::on_news(const ForwardNews& news) {
  if (news.event) {
    auto& held = links_[news.link];
    held.talk->on_event(*news.event);
    if (!news.event->link) return;
    held.numbered = true;
    if (news.event->link->state == control::LinkState::kActive) held.restarts.working();
  } else {
    on_stream_end(news.link, news.ended);
  }
}

void Forwarder::on_stream_end(std::size_t index, const Status& ended) {
  auto& held = links_[index];
  held.thread.join();
  held.running = false;
  --running_;
  if (interrupted_) {
    // A detached link whose number came too late for end_links().
    const auto& link = held.talk->link();
    if (options_.detach && link && held.numbered) static_cast<void>(client_->remove(link->id));
    return;
  }
  if (!ended) {
    if (start_again(held, index, ended.error())) return;
    terminal_.error(ended.error());
    keep_exit_code(ended.error());
  } else if (held.talk->failure()) {
    keep_exit_code(*held.talk->failure());
  }
}

// A new daemon takes the link over, on the same local ports.
bool Forwarder::start_again(Held& held, std::size_t index, const Error& error) {
  if (!held.restarts.again(error, !options_.detach)) return false;
  if (held.talk->announced() && !options_.detach) {
    held.talk->lost("ferryd went away; starting it again", control::unix_millis_now());
  }
  auto client = options_.daemon();
  if (!client) return false;
  client_.emplace(*client);
  const auto& link = held.talk->link();
  for (std::size_t i = 0; link && i < held.spec.ports.size() && i < link->ports.size(); ++i) {
    held.spec.ports[i].local = link->ports[i].local;
    held.spec.ports[i].local_as_remote = false;
  }
  start(index);
  return true;
}

void Forwarder::on_signal() {
  if (interrupted_) {
    // The daemon ends the links when our connections close.
    terminal_.note("not waiting; ferryd ends what is left: see '" + options_.program + " list'");
    terminal_.clear_progress();
    std::_Exit(kExitInterrupted);
  }
  interrupted_ = true;
  exit_code_ = kExitInterrupted;
  terminal_.erase_line();  // the "^C" that the terminal showed
  for (auto& held : links_) held.talk->expect_end();
  end_links();
}

// On a thread of its own: a second signal must be heard meanwhile. A link whose number isn't known
// yet ends with its stream, at its first event.
void Forwarder::end_links() {
  std::vector<std::string> ids;
  for (const auto& held : links_) {
    const bool there = held.running || options_.detach;
    if (there && held.numbered) ids.push_back(held.talk->link()->id);
  }
  ender_ = std::thread([client = *client_, ids = std::move(ids)] {
    for (const auto& id : ids) static_cast<void>(client.remove(id));  // gone already is fine
  });
}

void Forwarder::keep_exit_code(const Error& error) {
  if (exit_code_ == kExitDone) exit_code_ = exit_code_of(error.code);
}

ForwardResult Forwarder::result() const {
  ForwardResult result{.exit_code = exit_code_};
  if (!options_.detach || interrupted_) return result;
  for (const auto& held : links_) {
    if (held.talk->announced() && held.talk->link()) result.links.push_back(*held.talk->link());
  }
  return result;
}

}  // namespace

ForwardResult forward(std::vector<control::LinkSpec> specs, Terminal& terminal,
                      const ForwardOptions& options) {
  Forwarder forwarder(std::move(specs), terminal, options);
  return forwarder.run();
}

}  // namespace ferry::cli
