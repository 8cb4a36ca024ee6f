// What a schedule holds the sessions to, after each operation and when everything is closed.
#include <algorithm>

#include "tests/tunnel/schedule.h"
#include "tunnel/replay_ring.h"
#include "tunnel/stream_table.h"

namespace ferry::tunnel::testing {
namespace {

// nullptr: this end never heard of it.
const AppStream* known(Endpoint& end, StreamId id) {
  const auto found = end.streams().find(id);
  return found == end.streams().end() ? nullptr : &found->second;
}

std::string named(StreamId id) { return "stream " + std::to_string(id); }

}  // namespace

void Schedule::note(bool holds, const std::string& promise) {
  if (!holds && fault_.empty()) fault_ = promise;
}

// --- at any time ---------------------------------------------------------------------------------

void Schedule::check_now() {
  for (Endpoint* end : {&pair_.daemon, &pair_.proxy}) {
    check_bounds(*end);
    check_process(*end);
  }
  check_events(pair_.daemon, pair_.proxy);
  check_events(pair_.proxy, pair_.daemon);
  note(pair_.resume_fault.empty(), pair_.resume_fault);
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

void Schedule::check_process(Endpoint& end) {
  BusyProcess* process = processes_[static_cast<std::size_t>(number_of(end))].get();
  if (process == nullptr) return;
  const MemoryBudget& budget = process->budget();
  const std::size_t least = options_.max_streams * options_.min_credit;
  note(budget.windows.used() <= budget.windows.limit(), "windows stay in their pool");
  note(process->others_windows() + end.session().stats().credit_granted <=
           budget.windows.limit() + least,
       "a process grants its pool and the least of each stream");
  note(budget.rings.used() <= budget.rings.limit() + 2 * ReplayRing::kBlockSize,
       "rings stay in their pool");
  note(budget.streams.used() <= budget.streams.limit(), "streams stay in their pool");
}

void Schedule::check_events(Endpoint& to, Endpoint& from) {
  const bool odd = number_of(to) == 0;  // the ids of streams that `to` opened
  for (const auto& [id, stream] : to.streams()) {
    const AppStream* other = stream.finished || stream.answered ? known(from, id) : nullptr;
    if (stream.finished && (other == nullptr || !other->fin_sent)) {
      note(false, named(id) + " finishes, and nobody finished it");
    }
    if (stream.answered && (id % 2 == 1) == odd && (other == nullptr || !other->answered)) {
      note(false, named(id) + " is accepted, and nobody accepted it");
    }
    if (stream.received.size() > stream.looked_at) check_received(to, from, id);
  }
}

void Schedule::check_received(Endpoint& to, Endpoint& from, StreamId id) {
  AppStream& stream = to.stream(id);
  const AppStream* other = known(from, id);
  note(other != nullptr && stream.received.size() <= other->given,
       named(id) + " brings no more than was sent");
  const std::size_t n = stream.received.size() - stream.looked_at;
  const std::string expected = content(number_of(from), id, stream.looked_at, n);
  note(stream.received.compare(stream.looked_at, n, expected) == 0,
       named(id) + " brings what was sent");
  stream.looked_at += n;
}

// --- when all is closed --------------------------------------------------------------------------

void Schedule::check_end() {
  check_now();
  for (Endpoint* end : {&pair_.daemon, &pair_.proxy}) {
    const Stats stats = end->session().stats();
    note(stats.streams == 0, "every stream ends");
    note(stats.ring_bytes == 0, "everything is acknowledged");
    const std::size_t opening = options_.window_budget / 8;
    note(stats.credit_granted <= opening, "all credit but that for opening comes back");
    BusyProcess* process = processes_[static_cast<std::size_t>(number_of(*end))].get();
    if (process == nullptr) continue;
    const MemoryBudget& budget = process->budget();
    note(budget.windows.used() == process->others_windows() + stats.credit_granted,
         "windows are given back to their pool");
    note(budget.rings.used() == process->others_rings(), "rings are given back to their pool");
    note(budget.streams.used() == process->others_streams(),
         "streams are given back to their pool");
  }
  check_links();
  check_closed(pair_.daemon, pair_.proxy);
  check_closed(pair_.proxy, pair_.daemon);
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

void Schedule::check_closed(Endpoint& to, Endpoint& from) {
  for (const auto& [id, stream] : to.streams()) {
    const AppStream* other = known(from, id);
    if (is_asked_for(to, from, id)) continue;
    note(false, named(id) + " ends as it was asked to: '" + stream.end + "' at this end, '" +
                    (other == nullptr ? "unknown" : other->end) + "' at the other one");
  }
}

bool Schedule::is_asked_for(Endpoint& to, Endpoint& from, StreamId id) {
  const AppStream& stream = to.stream(id);
  const AppStream* other = known(from, id);
  // Nobody but a peer that has no room for it may be without it.
  if (other == nullptr) {
    return (stream.end == "refused:limit:" || stream.end == "local") && may_refuse_streams(from);
  }
  if (stream.end == "local" || stream.end == "refused here") return true;
  if (stream.end == "closed") {
    return stream.fin_sent && other->fin_sent && stream.received.size() == other->given;
  }
  if (other->end == "local") {
    return stream.end == "reset:" + std::string(name_of(other->reset_with));
  }
  // The words are left out where the ring is full.
  return other->end == "refused here" &&
         (stream.end == "refused:refused:no" || stream.end == "refused:refused:");
}

// Whether all that it ever heard of could have been more than it had room for at once.
bool Schedule::may_refuse_streams(Endpoint& end) {
  std::size_t room = options_.max_streams;
  if (BusyProcess* process = processes_[static_cast<std::size_t>(number_of(end))].get()) {
    const std::size_t left = process->budget().streams.limit() - process->most_streams_of_others();
    room = std::min(room, left / StreamTable::kStreamMemory);
  }
  return end.streams().size() >= room;
}

}  // namespace ferry::tunnel::testing
