#include "daemon/tunnel_pool.h"

#include <algorithm>
#include <utility>

namespace ferry::daemon {
namespace {

constexpr Duration kUnusedLinger = std::chrono::seconds(2);
// By how many tunnels at once the proxy is looked for to be told that nobody needs its streams any
// more; of more, the oldest goes.
constexpr std::ptrdiff_t kMostLeaving = 16;

// The next tunnel with this key is the one that comes back for what this one leaves behind.
TunnelOptions options_for(TunnelOptions options, const std::string& key) {
  if (options.session.holder) options.session.holder->tunnel = std::hash<std::string>{}(key);
  return options;
}

TunnelOptions with_memory(TunnelOptions options, const TunnelMemory& memory) {
  options.memory.reset(new tunnel::MemoryBudget{.windows = tunnel::MemoryPool(memory.windows),
                                                .rings = tunnel::MemoryPool(memory.rings),
                                                .streams = tunnel::MemoryPool(memory.streams)});
  return options;
}

}  // namespace

TunnelPool::TunnelPool(net::Loop& loop, const TunnelOptions& options, const TunnelMemory& memory,
                       OnChange on_change)
    : loop_(loop), options_(with_memory(options, memory)), on_change_(std::move(on_change)) {}

TunnelPool::Entry::Entry(TunnelPool& owner, std::string the_key, const MakeSource& make_source,
                         control::TunnelStatus status)
    : pool(owner),
      key(std::move(the_key)),
      tunnel(owner.loop_, options_for(owner.options_, key), make_source(), std::move(status),
             *this),
      unused(owner.loop_, [this] { pool.end_if_all_is_said(*this); }) {}

// A user may release the tunnel, or others of its users, from within what it is told.
void TunnelPool::Entry::tell_users(const std::function<void(TunnelEvents&)>& tell) {
  for (TunnelEvents* user : std::vector<TunnelEvents*>(users)) {
    if (std::find(users.begin(), users.end(), user) != users.end()) tell(*user);
  }
}

void TunnelPool::Entry::on_tunnel_changed() {
  if (!users.empty()) pool.on_change_(tunnel.status());
  tell_users([](TunnelEvents& user) { user.on_tunnel_changed(); });
}

void TunnelPool::Entry::on_tunnel_progress(const std::string& message) {
  tell_users([&](TunnelEvents& user) { user.on_tunnel_progress(message); });
}

// One that is leaving goes nowhere but back.
TunnelPool::Entry* TunnelPool::find_in_use(const std::string& key) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const auto& entry) {
    return entry->key == key && !entry->tunnel.leaving();
  });
  return found == entries_.end() ? nullptr : found->get();
}

Tunnel& TunnelPool::acquire(const std::string& key, const MakeSource& make_source,
                            control::TunnelStatus status, TunnelEvents& user) {
  if (Entry* entry = find_in_use(key)) {
    entry->users.push_back(&user);
    entry->unused.stop();
    return entry->tunnel;
  }
  status.id = "t" + std::to_string(++made_);
  auto& entry =
      entries_.emplace_back(std::make_unique<Entry>(*this, key, make_source, std::move(status)));
  entry->users.push_back(&user);
  entry->tunnel.start();
  return entry->tunnel;
}

Tunnel* TunnelPool::join(const std::string& key, TunnelEvents& user) {
  Entry* entry = find_in_use(key);
  if (entry == nullptr || !entry->tunnel.ready()) return nullptr;
  entry->users.push_back(&user);
  entry->unused.stop();
  return &entry->tunnel;
}

void TunnelPool::release(const Tunnel& tunnel, const TunnelEvents& user) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const auto& entry) { return &entry->tunnel == &tunnel; });
  if (found == entries_.end()) return;
  Entry& entry = **found;
  entry.users.erase(std::remove(entry.users.begin(), entry.users.end(), &user), entry.users.end());
  if (!entry.users.empty()) return;
  entry.until = loop_.now() + options_.longest_goodbye;
  if (tunnel.ready()) {
    entry.unused.start(kUnusedLinger);
  } else if (tunnel.has_last_words()) {
    entry.unused.start(Duration::zero());
  } else {
    end(entry);
  }
}

void TunnelPool::end_if_all_is_said(Entry& entry) {
  if (!entry.tunnel.has_last_words() || loop_.now() >= entry.until) return end(entry);
  entry.unused.start(kUnusedLinger);
  if (entry.tunnel.ready() || entry.tunnel.leaving()) return;
  end_if_too_many_are_leaving();
  entry.tunnel.leave();
}

void TunnelPool::end_if_too_many_are_leaving() {
  const auto leaving = [](const auto& entry) { return entry->tunnel.leaving(); };
  if (std::count_if(entries_.begin(), entries_.end(), leaving) < kMostLeaving) return;
  end(**std::find_if(entries_.begin(), entries_.end(), leaving));
}

void TunnelPool::end(Entry& entry) {
  auto last = entry.tunnel.status();
  last.state = control::TunnelState::kClosed;
  last.reason = "no link needs it";
  last.since = control::unix_millis_now();
  on_change_(last);
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const auto& owned) { return owned.get() == &entry; });
  loop_.delete_later(std::move(*found));
  entries_.erase(found);
}

void TunnelPool::check_now() {
  for (const auto& entry : entries_) entry->tunnel.check_now();
}

std::vector<control::TunnelStatus> TunnelPool::status() const {
  std::vector<control::TunnelStatus> all;
  for (const auto& entry : entries_) {
    if (!entry->users.empty()) all.push_back(entry->tunnel.status());
  }
  return all;
}

}  // namespace ferry::daemon
