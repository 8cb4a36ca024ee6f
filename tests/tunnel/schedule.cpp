#include "tests/tunnel/schedule.h"

#include <algorithm>
#include <iterator>

namespace ferry::tunnel::testing {
namespace {

// Bytes without a short period, so that a byte at another place is another byte.
const std::string& pattern() {
  static const std::string bytes = [] {
    std::string all(65521, ' ');
    std::uint32_t state = 1;
    for (char& byte : all) {
      state = state * 1664525U + 1013904223U;
      byte = static_cast<char>(state >> 24);
    }
    return all;
  }();
  return bytes;
}

MemoryBudget* budget_of(const std::unique_ptr<BusyProcess>& process) {
  return process == nullptr ? nullptr : &process->budget();
}

}  // namespace

Options Schedule::choose_options(const Chooser& choose) {
  Options options;
  if (choose(3) == 0) return options;  // as it is used
  options.max_streams = 8 + choose(64);
  options.initial_credit = 512U << choose(8);
  options.min_credit = 64U << choose(4);
  options.max_credit = options.initial_credit << choose(4);
  options.window_budget = std::size_t{16384} << choose(5);
  options.ring_start = 1;  // the least that works
  options.ring_max = std::size_t{1} << (10 + choose(12));
  options.unsent_limit = std::size_t{1024} << choose(8);
  options.ack_bytes = 1U + choose(100'000);
  return options;
}

std::unique_ptr<BusyProcess> Schedule::choose_process() {
  return choose_(2) == 0 ? nullptr : std::make_unique<BusyProcess>(choose_);
}

Schedule::Schedule(Chooser choose)
    : choose_(std::move(choose)),
      options_(choose_options(choose_)),
      processes_{choose_process(), choose_process()},
      pair_(options_, options_, budget_of(processes_[1]), budget_of(processes_[0])) {
  const auto handler = [this](Endpoint& end, StreamId id) { on_opened(end, id); };
  pair_.daemon.on_opened = handler;
  pair_.proxy.on_opened = handler;
  const std::uint32_t piece = choose_(4) == 0 ? 1000 : 300'000;
  pair_.take_size = [this, piece] { return std::size_t{1} + choose_(piece); };
  pair_.deliver_size = pair_.take_size;
}

std::string Schedule::play(int operations) {
  static constexpr Operation kOperations[] = {
      &Schedule::open,           &Schedule::open,   &Schedule::send,     &Schedule::send,
      &Schedule::send,           &Schedule::finish, &Schedule::reset,    &Schedule::consume,
      &Schedule::stop_consuming, &Schedule::answer, &Schedule::move,     &Schedule::move,
      &Schedule::move,           &Schedule::cut,    &Schedule::stall,    &Schedule::pass,
      &Schedule::probe,          &Schedule::listen, &Schedule::unlisten, &Schedule::ready,
      &Schedule::repeat_resumes, &Schedule::crowd};
  pair_.proxy.links.refuses = {3, 5};
  pair_.establish();
  for (int i = 0; i < operations && fault_.empty(); ++i) {
    (this->*kOperations[choose_(static_cast<std::uint32_t>(std::size(kOperations)))])();
    cut_if_dead();
    check_now();
  }
  if (fault_.empty()) heal();
  if (fault_.empty()) check_end();
  return fault_;
}

StreamId Schedule::any_stream(Endpoint& end) {
  std::vector<StreamId> alive;
  for (const auto& [id, stream] : end.streams()) {
    if (stream.may_use()) alive.push_back(id);
  }
  if (alive.empty()) return 0;
  return alive[choose_(static_cast<std::uint32_t>(alive.size()))];
}

std::string Schedule::content(int end, StreamId id, std::size_t at, std::size_t n) {
  std::string all;
  at += id * 17 + static_cast<std::size_t>(end) * 7919;
  while (all.size() < n) {
    at %= pattern().size();
    all.append(pattern(), at, n - all.size());
    at = 0;
  }
  return all;
}

// --- operations ----------------------------------------------------------------------------------

void Schedule::open() { any_end().open("app", pair_.now); }

void Schedule::send() {
  Endpoint& end = any_end();
  const StreamId id = any_stream(end);
  if (id == 0 || end.stream(id).finish_after_outbox) return;
  const std::size_t n = choose_(8) == 0 ? choose_(40'000) : choose_(500);
  end.send(id, content(number_of(end), id, end.stream(id).given, n));
}

void Schedule::finish() {
  Endpoint& end = any_end();
  if (const StreamId id = any_stream(end)) end.finish(id);
}

void Schedule::reset() {
  Endpoint& end = any_end();
  if (choose_(4) != 0) return;
  const Reason reason = choose_(2) == 0 ? Reason::kCancelled : Reason::kTimedOut;
  if (const StreamId id = any_stream(end)) end.reset(id, reason);
}

void Schedule::consume() {
  Endpoint& end = any_end();
  const StreamId id = any_stream(end);
  if (id == 0) return;
  end.consume(id, choose_(100'000));
  end.stream(id).consumes = choose_(2) == 0;
}

void Schedule::stop_consuming() {
  Endpoint& end = any_end();
  if (const StreamId id = any_stream(end)) end.stream(id).consumes = false;
}

void Schedule::on_opened(Endpoint& end, StreamId id) {
  const std::uint32_t choice = choose_(8);
  if (choice == 0) {
    end.stream(id).end = "refused here";
    return end.session().refuse(id, Reason::kRefused, "no");
  }
  if (choice < 4) return unanswered_.emplace_back(&end, id), void();
  accept(end, id);
}

void Schedule::accept(Endpoint& end, StreamId id) {
  if (!end.stream(id).may_use()) return;
  end.stream(id).answered = true;
  end.session().accept(id);
  end.push(id);
}

void Schedule::answer() {
  for (const auto& [end, id] : std::exchange(unanswered_, {})) accept(*end, id);
}

void Schedule::move() {
  const std::uint32_t steps = 1 + choose_(20);
  for (std::uint32_t i = 0; i < steps; ++i) pair_.step();
}

void Schedule::cut() {
  if (pair_.connected && choose_(3) == 0) pair_.cut();
}

void Schedule::crowd() {
  BusyProcess* process = processes_[choose_(2)].get();
  if (process != nullptr) process->crowd(choose_);
}

void Schedule::repeat_resumes() { pair_.repeats_resumes = choose_(2) == 0; }

void Schedule::stall() {
  Wire& wire = choose_(2) == 0 ? pair_.up : pair_.down;
  wire.stalled = !wire.stalled;
}

void Schedule::pass() { pair_.pass(std::chrono::milliseconds(choose_(4) == 0 ? 25'000 : 60)); }

void Schedule::probe() { any_end().session().probe(pair_.now); }

void Schedule::listen() {
  const auto port = static_cast<std::uint16_t>(1 + choose_(6));
  if (pair_.daemon.session().listen(port)) asked_.insert(port);
}

void Schedule::unlisten() {
  const auto port = static_cast<std::uint16_t>(1 + choose_(6));
  pair_.daemon.session().unlisten(port);
  asked_.erase(port);
}

void Schedule::ready() {
  ready_ = choose_(2) == 0;
  pair_.daemon.session().set_ready(ready_);
}

void Schedule::cut_if_dead() {
  if (!pair_.daemon.carrier_dead && !pair_.proxy.carrier_dead) return;
  pair_.daemon.carrier_dead = pair_.proxy.carrier_dead = false;
  if (pair_.connected) pair_.cut();
}

void Schedule::heal() {
  pair_.take_size = pair_.deliver_size = [] { return std::size_t{256} * 1024; };
  pair_.up.stalled = pair_.down.stalled = false;
  pair_.proxy.on_opened = pair_.daemon.on_opened = nullptr;
  if (pair_.connected) pair_.cut();
  note(pair_.run(), "a healed pair comes to rest");
  answer();
  for (Endpoint* end : {&pair_.daemon, &pair_.proxy}) {
    for (auto& [id, stream] : end->streams()) {
      stream.consumes = true;
      end->consume(id, stream.unconsumed);
      if (stream.may_use()) end->finish(id);
    }
  }
  note(pair_.run(), "a closing pair comes to rest");
  pair_.pass(std::chrono::seconds(3));  // until what is idle is given back
}

}  // namespace ferry::tunnel::testing
