#include "daemon/tunnel_pool.h"

#include <algorithm>
#include <utility>

namespace ferry::daemon {
namespace {

constexpr Duration kUnusedLinger = std::chrono::seconds(2);

// The next tunnel with this key is the one that comes back for what this one leaves behind.
TunnelOptions options_for(TunnelOptions options, const std::string& key) {
  if (options.session.holder) options.session.holder->tunnel = std::hash<std::string>{}(key);
  return options;
}

}  // namespace

TunnelPool::Entry::Entry(TunnelPool& owner, std::string the_key, const MakeSource& make_source,
                         control::TunnelStatus status)
    : pool(owner),
      key(std::move(the_key)),
      tunnel(owner.loop_, options_for(owner.options_, key), make_source(), std::move(status),
             *this),
      unused(owner.loop_, [this] { pool.end(*this); }) {}

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

Tunnel& TunnelPool::acquire(const std::string& key, const MakeSource& make_source,
                            control::TunnelStatus status, TunnelEvents& user) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const auto& entry) { return entry->key == key; });
  if (found != entries_.end()) {
    (*found)->users.push_back(&user);
    (*found)->unused.stop();
    return (*found)->tunnel;
  }
  status.id = "t" + std::to_string(++made_);
  auto& entry =
      entries_.emplace_back(std::make_unique<Entry>(*this, key, make_source, std::move(status)));
  entry->users.push_back(&user);
  entry->tunnel.start();
  return entry->tunnel;
}

Tunnel* TunnelPool::join(const std::string& key, TunnelEvents& user) {
  for (const auto& entry : entries_) {
    if (entry->key != key || !entry->tunnel.ready()) continue;
    entry->users.push_back(&user);
    entry->unused.stop();
    return &entry->tunnel;
  }
  return nullptr;
}

void TunnelPool::release(const Tunnel& tunnel, const TunnelEvents& user) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const auto& entry) { return &entry->tunnel == &tunnel; });
  if (found == entries_.end()) return;
  Entry& entry = **found;
  entry.users.erase(std::remove(entry.users.begin(), entry.users.end(), &user), entry.users.end());
  if (!entry.users.empty()) return;
  if (tunnel.ready()) {
    entry.unused.start(kUnusedLinger);
  } else {
    end(entry);
  }
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
