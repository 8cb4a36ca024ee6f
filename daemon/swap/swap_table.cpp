#include "daemon/swap/swap_table.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "daemon/control/limits.h"
#include "daemon/link_table.h"
#include "daemon/problems.h"

namespace ferry::daemon {

using control::EventKind;

SwapTable::SwapTable(const LinkHouse& house, const SwapStore& store, EventHub& events)
    : house_(house), store_(store), events_(events) {}

void SwapTable::restore() {
  auto stored = store_.load();
  if (!stored) {
    spdlog::error("swaps of an earlier daemon are not restored: {}; {}", stored.error().summary(),
                  stored.error().fix);
    return;
  }
  for (auto& [swap_id, spec] : *stored) {
    if (remembered_.count(swap_id) != 0) continue;
    const bool detached = spec.detach;
    spdlog::info("swap {} of {}: {}", swap_id, to_string(spec.workload),
                 detached ? "taken up again" : "left behind, to be restored");
    remembered_[swap_id] = spec;
    auto& swap = make("s" + std::to_string(++made_), swap_id, std::move(spec));
    if (detached) {
      swap.start(true);
    } else {
      swap.clean_up();
    }
  }
}

Result<control::LinkStatus> SwapTable::add(control::SwapSpec spec) {
  const std::string what = "swapping " + to_string(spec.workload);
  if (closed_) {
    return fail(problem::kEnding, what, "the daemon is ending", "try again in a moment");
  }
  if (swaps_.size() >= control::kMaxLinks) {
    return fail(problem::kTooManyLinks, what, "there are too many swaps already",
                "end some with `ferry leave`");
  }
  auto& swap = make("s" + std::to_string(++made_), random_hex(12), std::move(spec));
  swap.start(false);
  return swap.status();
}

SwapLink& SwapTable::make(const std::string& id, const std::string& swap_id,
                          control::SwapSpec spec) {
  SwapLinkEvents& events = *this;
  auto swap = std::make_unique<SwapLink>(house_, id, swap_id, std::move(spec), events);
  return *(swaps_[id] = std::move(swap));
}

Result<SwapLink*> SwapTable::find(const std::string& id) const {
  const auto found = swaps_.find(id);
  if (found == swaps_.end()) return fail(no_such_link(id));
  return found->second.get();
}

Status SwapTable::remove(const std::string& id) {
  const auto swap = find(id);
  if (!swap) return fail(swap.error());
  (*swap)->end();
  return {};
}

Result<control::LinkStatus> SwapTable::status(const std::string& id) const {
  return find(id).map([](const SwapLink* swap) { return swap->status(); });
}

std::vector<control::LinkStatus> SwapTable::status() const {
  std::vector<control::LinkStatus> all;
  for (const auto& entry : swaps_) all.push_back(entry.second->status());
  return all;
}

Result<control::KubeAccess> SwapTable::place(const std::string& id) const {
  return find(id).map([](const SwapLink* swap) { return swap->spec().kube; });
}

Result<std::string> SwapTable::environment(const std::string& id) const {
  return find(id).and_then([](const SwapLink* swap) { return swap->environment(); });
}

void SwapTable::test_now(const std::string& id) {
  const auto found = swaps_.find(id);
  if (found != swaps_.end()) found->second->test_now();
}

void SwapTable::sample_rates() {
  for (const auto& entry : swaps_) entry.second->sample_rate();
}

void SwapTable::end_all(std::function<void()> done) {
  closed_ = true;
  when_empty_ = std::move(done);
  std::vector<SwapLink*> all;
  for (const auto& entry : swaps_) all.push_back(entry.second.get());
  for (auto* swap : all) swap->end();  // some are gone when this returns
  if (all.empty()) std::exchange(when_empty_, {})();
}

void SwapTable::on_swap_changed(SwapLink& swap) {
  control::Event event{.kind = EventKind::kLink, .link_id = swap.id()};
  event.link = swap.status();
  events_.publish(std::move(event));
}

void SwapTable::on_swap_message(SwapLink& swap, EventKind kind, const std::string& message) {
  events_.publish({.kind = kind, .link_id = swap.id(), .message = message});
}

void SwapTable::on_swap_begins(SwapLink& swap) {
  remembered_[swap.swap_id()] = swap.spec();
  save();
}

void SwapTable::on_swap_over(SwapLink& swap, const std::optional<Error>& error) {
  control::Event event{.kind = EventKind::kEnded, .link_id = swap.id()};
  event.link = swap.status();
  event.error = error;
  events_.publish(std::move(event));
  // What could not be restored is tried again by the next daemon.
  if (swap.restored() && remembered_.erase(swap.swap_id()) != 0) save();
  const auto found = swaps_.find(swap.id());
  house_.loop.delete_later(std::move(found->second));
  swaps_.erase(found);
  if (swaps_.empty() && when_empty_) std::exchange(when_empty_, {})();
}

void SwapTable::save() {
  std::vector<StoredSwap> swaps;
  for (const auto& [swap_id, spec] : remembered_) swaps.push_back({swap_id, spec});
  if (auto saved = store_.save(swaps); !saved) {
    spdlog::error("swaps are not remembered: {}", saved.error().summary());
  }
}

}  // namespace ferry::daemon
