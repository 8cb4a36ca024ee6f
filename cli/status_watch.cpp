#include "cli/status_watch.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <csignal>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "cli/exit_code.h"
#include "cli/hand_over.h"
#include "cli/live_status.h"
#include "cli/signal_queue.h"
#include "daemon/control/json.h"

namespace ferry::cli {
namespace {

constexpr auto kEvery = std::chrono::seconds(1);

// The other screen of an xterm and of all that follow it, so that what stood there comes back.
constexpr const char* kEnter = "\033[?1049h\033[?25l\033[H\033[2J";
constexpr const char* kLeave = "\033[?25h\033[?1049l";

using Look = Result<control::DaemonStatus>;

// Asks the daemon on a thread of its own, which is left behind at the end: a daemon that hangs
// doesn't keep the user waiting.
class Looks {
 public:
  explicit Looks(const control::Client& client) : shared_(std::make_shared<Shared>()) {
    std::thread([shared = shared_, client] {
      std::unique_lock lock(shared->mutex);
      while (!shared->over) {
        lock.unlock();
        shared->news.push(client.status());
        lock.lock();
        shared->end.wait_for(lock, kEvery, [&] { return shared->over; });
      }
    }).detach();
  }
  ~Looks() {
    const std::lock_guard lock(shared_->mutex);
    shared_->over = true;
    shared_->end.notify_all();
  }
  Looks(const Looks&) = delete;
  Looks& operator=(const Looks&) = delete;

  int fd() const { return shared_->news.fd(); }
  std::deque<Look> take() { return shared_->news.take(); }

 private:
  struct Shared {
    HandOver<Look> news;
    std::mutex mutex;
    std::condition_variable end;
    bool over = false;
  };
  const std::shared_ptr<Shared> shared_;
};

Screen screen_of(const Terminal& terminal) {
  Screen screen{.color = terminal.out_color(), .utf8 = terminal.shows_utf8()};
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    screen.columns = size.ws_col;
    screen.rows = size.ws_row;
  }
  return screen;
}

// Each line is written over the one that stands there, and what is left of that is erased: nothing
// flickers.
std::string drawn(const std::string& picture) {
  std::string out = "\033[H";
  for (const char c : picture.substr(0, picture.size() - 1)) {
    out += c == '\n' ? std::string("\033[K\r\n") : std::string(1, c);
  }
  return out + "\033[K\033[J";
}

class Watch {
 public:
  Watch(Terminal& terminal, bool json) : terminal_(terminal), json_(json) {}

  void begin() {
    if (drawing()) terminal_.print(kEnter);
  }
  void end() {
    if (drawing()) terminal_.print(kLeave);
  }
  void look(const Look& look) {
    live_.update(look, control::unix_millis_now());
    looked_ = true;
    if (json_) return print_json(look);
    if (drawing()) return draw();
    const std::string time = control::time_to_json(control::unix_millis_now()).get<std::string>();
    for (const auto& line : live_.changes()) terminal_.print(time + " " + line + "\n");
  }
  void draw() {
    if (looked_ && drawing()) {
      terminal_.print(drawn(live_.picture(screen_of(terminal_))));
    }
  }
  // Until SIGCONT.
  void stop() {
    end();
    raise(SIGSTOP);
    begin();
    draw();
  }

 private:
  bool drawing() const { return terminal_.out_is_terminal() && !json_; }
  void print_json(const Look& look) {
    control::Json json = look ? to_json(*look)
                              : control::Json{{"links", control::Json::array()},
                                              {"tunnels", control::Json::array()}};
    json["running"] = look.has_value();
    std::string line = control::dump(json) + "\n";
    if (line != printed_) terminal_.print(line);
    printed_ = std::move(line);
  }

  Terminal& terminal_;
  const bool json_;
  LiveStatus live_;
  bool looked_ = false;
  std::string printed_;
};

}  // namespace

int watch_status(const control::Client& client, Terminal& terminal, bool json) {
  SignalQueue signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH};  // before any thread
  Watch watch(terminal, json);
  Looks looks(client);
  watch.begin();
  while (true) {
    std::array<pollfd, 2> waiting = {pollfd{.fd = looks.fd(), .events = POLLIN, .revents = 0},
                                     pollfd{.fd = signals.fd(), .events = POLLIN, .revents = 0}};
    poll(waiting.data(), waiting.size(), -1);
    for (const auto& look : looks.take()) watch.look(look);
    if (!terminal.out_is_fine()) return kExitFailed;
    for (int signal = signals.take(); signal != 0; signal = signals.take()) {
      if (signal == SIGTSTP) {
        watch.stop();
      } else if (signal == SIGWINCH) {
        watch.draw();
      } else {
        watch.end();
        return kExitInterrupted;
      }
    }
  }
}

}  // namespace ferry::cli
