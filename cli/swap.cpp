#include "cli/swap.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <utility>
#include <variant>

#include "cli/companion.h"
#include "cli/exit_code.h"
#include "cli/link_talk.h"
#include "cli/restarts.h"
#include "cli/signal_queue.h"
#include "cli/swap_calls.h"

namespace ferry::cli {
namespace {

using control::Event;
using control::EventKind;
using control::SwapPhase;
using Clock = std::chrono::steady_clock;

constexpr auto kTick = std::chrono::seconds(1);
constexpr auto kRetry = std::chrono::milliseconds(300);

LinkTalk::Words words_of(const SwapOptions& options) {
  if (options.json) return LinkTalk::Words::kJsonEvents;
  if (options.quiet) return LinkTalk::Words::kNone;
  const auto& args = options.args;
  const bool taken =
      args.has_command() || args.env_file == "-" || args.env_json == "-" || args.env_sh == "-";
  return taken ? LinkTalk::Words::kAside : LinkTalk::Words::kKubectls;
}

class Swapper {
 public:
  Swapper(control::SwapSpec spec, Terminal& terminal, const SwapOptions& options);
  Swapper(const Swapper&) = delete;
  Swapper& operator=(const Swapper&) = delete;

  SwapResult run();

 private:
  bool done() const;
  void wait();
  int wait_milliseconds() const;
  void on_timers();
  void start_stream();
  void fetch_environment();
  void end();
  void remove_link();

  void on_news(Event event);
  void on_news(const StreamEnd& ended);
  void on_news(const Removed& removed);
  void on_news(const Result<control::PodEnvironment>& environment);
  void on_link(const control::LinkStatus& link);
  bool start_again(const Error& error);
  void on_signal(int signal);
  void tell_local_may_start();
  void tell_what_detaching_waits_for();
  void on_child();
  void leave_it(int signal);

  void give_up(const Error& error);
  std::string how_to_finish() const;
  int exit_code() const;

  SignalQueue signals_{SIGINT, SIGTERM, SIGHUP, SIGCHLD};  // first: threads inherit the mask
  control::SwapSpec spec_;
  Terminal& terminal_;
  const SwapOptions& options_;
  LinkTalk talk_;
  Companion companion_;
  SwapCalls daemon_;
  bool streaming_ = false;
  bool end_heard_ = false;
  bool linked_ = false;  // the stream has told the link's number
  bool fetching_ = false;
  bool fetch_again_ = false;
  bool wanted_ = false;  // the environment was asked for
  bool told_may_start_ = false;
  bool told_detaching_waits_ = false;
  std::optional<Clock::time_point> retry_at_;
  bool ending_ = false;
  bool removing_ = false;
  bool left_ = false;  // the user doesn't wait any longer
  int signal_ = 0;     // the first one that came
  Restarts restarts_;
  std::optional<Error> failure_;
  std::optional<int> command_code_;
  bool command_ended_itself_ = false;
};

Swapper::Swapper(control::SwapSpec spec, Terminal& terminal, const SwapOptions& options)
    : spec_(std::move(spec)),
      terminal_(terminal),
      options_(options),
      talk_(terminal, to_string(spec_.workload), words_of(options)),
      companion_(options.args, options.environment, terminal) {
  daemon_.follow(!spec_.detach);
}

SwapResult Swapper::run() {
  auto prepared = companion_.prepare();
  auto client = prepared ? options_.daemon() : fail(prepared.error());
  if (!client) {
    terminal_.error(client.error());
    return {exit_code_of(client.error().code), {}};
  }
  daemon_.use(*client);
  start_stream();
  while (!done()) wait();
  SwapResult result{.exit_code = exit_code(), .link = {}};
  const bool stays = spec_.detach && !ending_ && !failure_;
  if (stays && !end_heard_) result.link = talk_.link();
  return result;
}

bool Swapper::done() const {
  if (left_) return true;
  const bool fetches = (fetching_ || retry_at_) && !ending_ && !failure_;
  return !streaming_ && !fetches && !companion_.is_running();
}

// --- waiting -------------------------------------------------------------------------------------

void Swapper::start_stream() {
  streaming_ = true;
  linked_ = false;
  daemon_.stream(spec_, {.leftovers = restarts_.restarted(),
                         .swap = !ending_,
                         .until_local = companion_.wants_environment()});
}

int Swapper::wait_milliseconds() const {
  auto soonest = Clock::now() + kTick;
  if (retry_at_) soonest = std::min(soonest, *retry_at_);
  if (companion_.deadline()) soonest = std::min(soonest, *companion_.deadline());
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(soonest - Clock::now()).count();
  return static_cast<int>(std::max<std::int64_t>(left + 1, 0));
}

void Swapper::wait() {
  std::array<pollfd, 2> waiting = {pollfd{.fd = daemon_.fd(), .events = POLLIN, .revents = 0},
                                   pollfd{.fd = signals_.fd(), .events = POLLIN, .revents = 0}};
  if (poll(waiting.data(), waiting.size(), wait_milliseconds()) < 0) return;  // look again
  for (auto& news : daemon_.take()) {
    std::visit([this](auto& item) { on_news(std::move(item)); }, news);
  }
  for (int signal = 0; !left_ && (signal = signals_.take()) != 0;) {
    signal == SIGCHLD ? on_child() : on_signal(signal);
  }
  on_timers();
}

void Swapper::on_timers() {
  const auto now = Clock::now();
  companion_.tick(now);
  if (!left_) talk_.tick(control::unix_millis_now());
  if (!retry_at_ || now < *retry_at_) return;
  retry_at_.reset();
  if (!ending_) fetch_environment();
}

// --- the link ------------------------------------------------------------------------------------

void Swapper::on_news(Event event) {
  const bool stood = talk_.announced();
  talk_.on_event(event);
  if (!stood && talk_.announced() && !spec_.detach && !options_.json) {
    terminal_.note(options_.args.has_command()
                       ? "it is put back when the command ends, or on Ctrl-C"
                       : "Ctrl-C puts it back");
  }
  if (event.kind == EventKind::kEnded) end_heard_ = true;
  if (event.kind == EventKind::kFiles && wanted_) fetch_environment();
  if (event.kind == EventKind::kLiveness && options_.args.restart && !ending_) {
    companion_.restart();
  }
  if (event.kind == EventKind::kLink && event.link) on_link(*event.link);
}

void Swapper::on_link(const control::LinkStatus& link) {
  linked_ = true;
  if (ending_) return remove_link();  // its number may have come only now
  if (!link.swap) return;
  const auto phase = link.swap->phase;
  if (phase == SwapPhase::kSwapped) restarts_.working();
  if (phase == SwapPhase::kWaiting && !link.reason.empty()) tell_what_detaching_waits_for();
  const bool connected = phase == SwapPhase::kWaiting || phase == SwapPhase::kTakingOver ||
                         phase == SwapPhase::kSwapped;
  if (connected && !wanted_ && companion_.wants_environment()) {
    wanted_ = true;
    fetch_environment();
  }
}

// LinkTalk has said what stands in the way. Where the environment is wanted, nothing is waited for:
// the local process may need it first.
void Swapper::tell_what_detaching_waits_for() {
  if (!spec_.detach || companion_.wants_environment()) return;
  if (std::exchange(told_detaching_waits_, true)) return;
  terminal_.note(talk_.label() +
                 ": it detaches once the local process answers; Ctrl-C puts it back");
}

void Swapper::on_news(const StreamEnd& ended) {
  streaming_ = false;
  if (!ended.status) {
    if (start_again(ended.status.error())) return;
    auto error = ended.status.error();
    if (talk_.link()) error.fix = how_to_finish();
    give_up(error);
  } else if (talk_.failure()) {
    if (!failure_) failure_ = *talk_.failure();
    if (ending_) terminal_.note("what is left to do: " + how_to_finish());
  } else if (ending_ && !end_heard_) {
    terminal_.note("ferryd has nothing left of " + talk_.label() +
                   "; should that be otherwise: " + how_to_finish());
  }
  const bool stays = spec_.detach && !ending_ && !failure_;
  if (!stays) companion_.end(signal_ == 0 ? SIGTERM : signal_);
}

// A new daemon puts back what is left, and swaps anew.
bool Swapper::start_again(const Error& error) {
  if (!restarts_.again(error, !spec_.detach)) return false;
  if (talk_.link() && !spec_.detach) {
    talk_.lost(ending_ ? "ferryd went away; another one puts it back"
                       : "ferryd went away; swapping anew with another one",
               control::unix_millis_now());
  }
  auto client = options_.daemon();
  if (!client) return false;
  daemon_.use(*client);
  removing_ = false;
  start_stream();
  return true;
}

// Begins the restore. The local process goes on answering meanwhile.
void Swapper::end() {
  if (ending_) return;
  ending_ = true;
  daemon_.follow(true);
  talk_.expect_end();
  remove_link();
}

void Swapper::remove_link() {
  if (removing_ || !linked_) return;
  removing_ = true;
  daemon_.remove(talk_.link()->id);
}

void Swapper::on_news(const Removed& removed) {
  // A link that is gone already has ended by itself: its stream says how.
  if (removed.status || removed.status.error().code == ErrorCode::kNotFound || !streaming_) return;
  give_up(removed.status.error());
}

// --- the local side ------------------------------------------------------------------------------

void Swapper::fetch_environment() {
  if (fetching_) {
    fetch_again_ = true;
    return;
  }
  if (!linked_) return;
  fetching_ = true;
  daemon_.environment(talk_.link()->id);
}

void Swapper::on_news(const Result<control::PodEnvironment>& environment) {
  fetching_ = false;
  if (ending_) return;
  if (!environment) {
    const auto code = environment.error().code;
    const bool later = code == ErrorCode::kUnavailable || code == ErrorCode::kUnreachable;
    if (later && (streaming_ || spec_.detach)) {
      retry_at_ = Clock::now() + kRetry;
    } else {
      give_up(environment.error());
    }
    return;
  }
  talk_.share_terminal(options_.args.has_command());
  if (auto taken = companion_.take(*environment); !taken) return give_up(taken.error());
  tell_local_may_start();
  if (std::exchange(fetch_again_, false)) fetch_environment();
}

// IDEs' tasks wait for this line: see cli/ide/vscode.cpp and script.cpp.
void Swapper::tell_local_may_start() {
  const bool ours = options_.args.has_command();
  if (ours || spec_.detach || options_.json || std::exchange(told_may_start_, true)) return;
  terminal_.note(talk_.label() + ": the local process may start");
}

void Swapper::on_child() {
  const auto looked = companion_.look();
  if (!looked) return give_up(looked.error());
  if (!*looked) return;
  command_code_ = **looked;
  talk_.share_terminal(false);
  if (ending_ || !streaming_) return;
  command_ended_itself_ = true;
  terminal_.note("the command has ended (exit code " + std::to_string(*command_code_) + ")");
  end();
}

void Swapper::on_signal(int signal) {
  if (signal_ != 0) return leave_it(signal);
  signal_ = signal;
  terminal_.erase_line();  // the "^C" that the terminal showed
  if (ending_) {
    terminal_.note("putting " + talk_.label() + " back; once more leaves that to ferryd");
    return;
  }
  end();
  // Over already, it has nothing left to answer.
  if (!streaming_) companion_.end(signal);
}

// A second signal: the daemon finishes what is begun, and the user has to know what that is.
void Swapper::leave_it(int signal) {
  left_ = true;
  companion_.end(signal);
  terminal_.erase_line();
  terminal_.note("not waiting: ferryd goes on putting " + talk_.label() + " back, '" +
                 options_.program + " status' tells how far it is");
  terminal_.note("should this machine go down before: " + how_to_finish());
}

// --- how it ends ---------------------------------------------------------------------------------

void Swapper::give_up(const Error& error) {
  terminal_.error(error);
  if (!failure_) failure_ = error;
  streaming_ ? end() : companion_.end(SIGTERM);
}

std::string Swapper::how_to_finish() const {
  std::string command = options_.program + " restore " + to_string(spec_.workload);
  const auto& link = talk_.link();
  const std::string ns =
      link && !link->kube_namespace.empty() ? link->kube_namespace : spec_.kube.kube_namespace;
  if (!ns.empty()) command += " -n " + ns;
  return "'" + command + "' puts it back, from any machine";
}

int Swapper::exit_code() const {
  if (left_) return kExitInterrupted;
  if (command_ended_itself_ && *command_code_ != 0) return *command_code_;
  if (failure_) return exit_code_of(failure_->code);
  if (command_code_) return *command_code_;
  return signal_ == 0 ? kExitDone : kExitInterrupted;
}

}  // namespace

SwapResult swap(control::SwapSpec spec, Terminal& terminal, const SwapOptions& options) {
  Swapper swapper(std::move(spec), terminal, options);
  return swapper.run();
}

}  // namespace ferry::cli
