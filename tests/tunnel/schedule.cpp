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

// `n` bytes of what one end sends on one stream, from the position `at` on.
std::string content(int end, StreamId id, std::size_t at, std::size_t n) {
  std::string all;
  at += id * 17 + static_cast<std::size_t>(end) * 7919;
  while (all.size() < n) {
    at %= pattern().size();
    all.append(pattern(), at, n - all.size());
    at = 0;
  }
  return all;
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

Schedule::Schedule(Chooser choose)
    : choose_(std::move(choose)), options_(choose_options(choose_)), pair_(options_) {
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
      &Schedule::repeat_resumes};
  pair_.proxy.links.refuses = {3, 5};
  pair_.establish();
  for (int i = 0; i < operations && fault_.empty(); ++i) {
    (this->*kOperations[choose_(static_cast<std::uint32_t>(std::size(kOperations)))])();
    cut_if_dead();
    check_bounds(pair_.daemon);
    check_bounds(pair_.proxy);
    note(pair_.resume_fault.empty(), pair_.resume_fault);
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

// --- operations ----------------------------------------------------------------------------------

void Schedule::open() { any_end().open("app", pair_.now); }

void Schedule::send() {
  Endpoint& end = any_end();
  const StreamId id = any_stream(end);
  if (id == 0 || end.stream(id).finish_after_outbox) return;
  std::size_t& sent = sent_[{number_of(end), id}];
  const std::size_t n = choose_(8) == 0 ? choose_(40'000) : choose_(500);
  end.send(id, content(number_of(end), id, sent, n));
  sent += n;
}

void Schedule::finish() {
  Endpoint& end = any_end();
  if (const StreamId id = any_stream(end)) end.finish(id);
}

void Schedule::reset() {
  Endpoint& end = any_end();
  if (choose_(4) != 0) return;
  if (const StreamId id = any_stream(end)) end.reset(id);
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
}

// --- promises ------------------------------------------------------------------------------------

void Schedule::note(bool holds, const std::string& promise) {
  if (!holds && fault_.empty()) fault_ = promise;
}

void Schedule::check_bounds(Endpoint& end) {
  if (end.failure) note(false, "honest peers get along: " + end.failure->summary());
  std::size_t unconsumed = 0;
  for (const auto& [id, stream] : end.streams()) {
    if (stream.may_use()) unconsumed += stream.unconsumed;
  }
  const Stats stats = end.session().stats();
  const std::size_t bound = options_.window_budget + options_.max_streams * options_.min_credit;
  note(unconsumed <= stats.credit_granted, "nothing comes that was not granted");
  note(stats.credit_granted <= bound, "credit stays in its budget");
  note(stats.streams <= options_.max_streams, "no more streams than max_streams");
  const std::size_t ring_least = 65536 + options_.max_streams * 32U;
  const std::size_t ring = std::max({options_.ring_start, options_.ring_max, ring_least});
  note(stats.ring_bytes <= ring + options_.control_backlog, "the ring stays in its bounds");
}

void Schedule::check_end() {
  for (Endpoint* end : {&pair_.daemon, &pair_.proxy}) {
    check_bounds(*end);
    const Stats stats = end->session().stats();
    note(stats.streams == 0, "every stream ends");
    note(stats.ring_bytes == 0, "everything is acknowledged");
    const std::size_t opening = options_.window_budget / 8;
    note(stats.credit_granted <= opening, "all credit but that for opening comes back");
  }
  check_links();
  for (const auto& [id, stream] : pair_.daemon.streams()) check_stream(id);
  for (const auto& [id, stream] : pair_.proxy.streams()) check_stream(id);
}

void Schedule::check_links() {
  AppLinks& here = pair_.daemon.links;
  const AppLinks& there = pair_.proxy.links;
  for (const std::uint16_t port : asked_) {
    const bool refused = there.refuses.count(port) != 0;
    note(here.results[port] == (refused ? "refused:taken" : "ok"), "each LISTEN is answered");
    note(there.listens.count(port) == (refused ? 0 : 1), "what is asked for is listened on");
  }
  for (const std::uint16_t port : there.listens) {
    note(asked_.count(port) != 0, "nothing else is listened on");
  }
  note(there.peer_ready == ready_, "the latest READY arrives");
}

void Schedule::check_stream(StreamId id) {
  const std::string here = pair_.daemon.stream(id).end;
  const std::string there = pair_.proxy.stream(id).end;
  const bool in_order = here == "closed" && there == "closed";
  const auto cut_short = [](const std::string& end) { return !end.empty() && end != "closed"; };
  note(in_order || cut_short(here) || cut_short(there),
       "stream " + std::to_string(id) + " ends at both ends: '" + here + "', '" + there + "'");
  check_received(pair_.daemon, pair_.proxy, id, in_order);
  check_received(pair_.proxy, pair_.daemon, id, in_order);
}

void Schedule::check_received(Endpoint& to, Endpoint& from, StreamId id, bool all) {
  const std::string& received = to.stream(id).received;
  const std::size_t sent = sent_[{number_of(from), id}];
  const std::string name = "stream " + std::to_string(id);
  note(received.size() <= sent, name + " brings no more than was sent");
  if (all) note(received.size() == sent, name + " brings everything");
  note(received == content(number_of(from), id, 0, received.size()), name + " brings the same");
}

}  // namespace ferry::tunnel::testing
