// The daemon's tunnels: links with the same proxy share one. When the last has left, it stays for a
// moment: the proxy still has to hear that the last streams are reset, and the next link may come.
// Where its carrier is lost it stays for that longer, and the next link gets another one.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "daemon/tunnel.h"

namespace ferry::daemon {

// Bytes of all tunnels of the daemon together; see tunnel::MemoryBudget. Each stream takes 4 KiB of
// the last.
struct TunnelMemory {
  std::size_t windows = std::size_t{128} * 1024 * 1024;
  std::size_t rings = std::size_t{128} * 1024 * 1024;
  std::size_t streams = std::size_t{128} * 1024 * 1024;
};

class TunnelPool {
 public:
  using OnChange = std::function<void(const control::TunnelStatus&)>;

  TunnelPool(net::Loop& loop, const TunnelOptions& options, const TunnelMemory& memory,
             OnChange on_change);

  // The tunnel with this key, made and started by the first who asks. `user` hears of its changes
  // until it is released. `status` brings route, context and namespace.
  using MakeSource = std::function<std::unique_ptr<CarrierSource>()>;
  Tunnel& acquire(const std::string& key, const MakeSource& make_source,
                  control::TunnelStatus status, TunnelEvents& user);
  // The tunnel with this key, held in the same way, if it is ready; else none.
  Tunnel* join(const std::string& key, TunnelEvents& user);
  void release(const Tunnel& tunnel, const TunnelEvents& user);

  void check_now();
  // Of those that have users.
  std::vector<control::TunnelStatus> status() const;

 private:
  // A tunnel and its users; let go of as one.
  struct Entry final : net::Disposable, TunnelEvents {
    Entry(TunnelPool& pool, std::string key, const MakeSource& make_source,
          control::TunnelStatus status);
    void on_tunnel_changed() override;
    void on_tunnel_progress(const std::string& message) override;
    void tell_users(const std::function<void(TunnelEvents&)>& tell);

    TunnelPool& pool;
    const std::string key;
    std::vector<TunnelEvents*> users;
    Tunnel tunnel;
    net::Timer unused;     // runs while there are no users
    TimePoint until = {};  // it is let go then, whatever it has left to say
  };

  Entry* find_in_use(const std::string& key);
  // It has no users.
  void end_if_all_is_said(Entry& entry);
  void end_if_too_many_are_leaving();
  void end(Entry& entry);

  net::Loop& loop_;
  const TunnelOptions options_;
  const OnChange on_change_;
  std::list<std::unique_ptr<Entry>> entries_;
  std::uint64_t made_ = 0;
};

}  // namespace ferry::daemon
