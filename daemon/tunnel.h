// The way to one proxy, shared by the links that need it: one session over any number of carriers,
// and a new session when the proxy process is another one.
//
// A lost carrier is replaced at once, then with a growing wait of 50 ms to 10 s, for ever; the
// session's streams live on meanwhile. A carrier that will end or is in doubt is replaced while it
// still works: the next one is made beside it, and the session asks to go on there once the way is
// open; where no answer comes soon, another one is made, and so on. A proxy process that is about
// to end keeps the streams that it has, in a session of their own. Where the process is gone, its
// streams are reset with a reason, and new connections wait for the next one.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "daemon/backoff.h"
#include "daemon/carrier_source.h"
#include "daemon/connection.h"
#include "daemon/control/api.h"
#include "daemon/draining_sessions.h"
#include "daemon/tunnel_session.h"
#include "daemon/waiting_connections.h"
#include "net/timer.h"

namespace ferry::daemon {

// Not owned by the tunnel.
class TunnelEvents {
 public:
  // State or reason are other than before.
  virtual void on_tunnel_changed() = 0;
  virtual void on_tunnel_progress(const std::string& message) = 0;

 protected:
  ~TunnelEvents() = default;
};

struct TunnelOptions {
  Duration first_backoff = std::chrono::milliseconds(50);
  Duration max_backoff = std::chrono::seconds(10);
  // The longest wait while somebody waits for the outcome, or the loss is no older than `urgent`.
  Duration urgent_backoff = std::chrono::milliseconds(250);
  Duration urgent = std::chrono::seconds(10);
  // How long an attempt may take in that time (or 3 times as long as the last one that succeeded,
  // if that is more, up to 5 s), until another looks more promising.
  Duration patience = std::chrono::seconds(1);
  Duration pending_timeout = std::chrono::seconds(30);  // a connection waits so long for a session
  Duration shortest_use = std::chrono::seconds(5);      // of a carrier whose way will expire
  std::size_t max_pending = 1024;                       // connections that wait
  // How long the proxy is looked for to be told that nobody needs its streams any more
  // (TunnelPool).
  Duration longest_goodbye = std::chrono::minutes(10);
  // The proxy's ring has room for as much as one stream may be sent: README.md of tunnel/.
  tunnel::Options session = {.window_budget = std::size_t{64} * 1024 * 1024};
  // What its sessions share with those of other tunnels. Null: nothing.
  std::shared_ptr<tunnel::MemoryBudget> memory = nullptr;
};

class Tunnel final : public net::Disposable, private TunnelSessionOwner {
 public:
  // `status` brings what doesn't change: id, route, context, namespace.
  Tunnel(net::Loop& loop, const TunnelOptions& options, std::unique_ptr<CarrierSource> source,
         control::TunnelStatus status, TunnelEvents& events);
  // Streams and connections that are left are reset; their observers are not told.
  ~Tunnel() override;

  // Makes the first connection.
  void start();

  // Hands a local connection over. While the tunnel isn't ready it waits: in a session that may
  // turn out to be lost, it would be lost as well.
  void carry(const tunnel::Target& target, std::unique_ptr<net::ByteStream> socket,
             std::size_t port, ConnectionObserver& observer);
  // Ends what an observer has here, without telling it.
  void forget(const ConnectionObserver& observer);

  // --- callers: what comes in on the proxy's ports. What was said is said again to each new
  // session. One service at a time; null: nobody. Its streams are to be forgotten before it goes.
  void serve(CallerService* service);
  void listen(std::uint16_t port);
  void unlisten(std::uint16_t port);
  // Whether the local side takes callers, for the proxy's /readyz.
  void set_ready(bool ready);

  // The machine woke up, or its network is another one: look at once what still works. A carrier
  // that doesn't answer soon is replaced, even before it counts as dead.
  void check_now();

  // Nobody needs it any more, and its carrier is lost: another one is made to the process of its
  // session, and to no other. Not to be called from within an event.
  void leave();
  bool leaving() const { return way_back_ != nullptr; }
  // The proxy hasn't heard yet of all that was said, for one that its streams are reset.
  bool has_last_words() const {
    return session_ && session_->established() && session_->stats().ring_bytes > 0;
  }

  bool ready() const { return state() == control::TunnelState::kReady; }
  bool ever_ready() const { return ever_ready_; }
  control::TunnelState state() const { return status_.state; }
  const std::string& id() const { return status_.id; }
  control::TunnelStatus status() const;
  OpenTraffic traffic(const ConnectionObserver& observer) const;

 private:
  // Whether another carrier is wanted beside one that works.
  enum class Renewal { kNone, kInDoubt, kWanted };

  void on_session_ready(TunnelSession& session, bool resumed) override;
  void on_session_carrier_lost(TunnelSession& session, const Error& error) override;
  void on_session_carrier_in_doubt(TunnelSession& session) override;
  void on_session_going_away(TunnelSession& session) override;
  void on_session_carrier_ending(TunnelSession& session) override;
  void on_session_over(TunnelSession& session, const Error& error) override;

  void connect();
  Duration patience() const;
  void retry();
  void retry_after(Duration wait);
  void retry_later();
  void retry_when_patience_ends();
  void renew(Renewal renewal, const std::string& why);
  void plan_renewal(const NewCarrier& carrier);
  bool urgent() const;
  void connected(NewCarrier carrier);
  void connecting_failed(const Error& error);
  void lose_session(const Error& error);
  // The session goes on until its streams have ended; `way` as for DrainingSession.
  void let_finish(std::unique_ptr<CarrierSource> way, const std::string& reason);
  void release(std::unique_ptr<TunnelSession> session);
  void count_past(const TunnelSession& session);
  void say_what_is_served(TunnelSession& session);
  void carry_waiting();
  void set_state(control::TunnelState state, const std::string& reason);

  net::Loop& loop_;
  const TunnelOptions options_;
  std::unique_ptr<CarrierSource> source_;
  std::unique_ptr<CarrierSource> way_back_;  // in place of the other, once it is leaving
  control::TunnelStatus status_;
  TunnelEvents& events_;
  Backoff backoff_;
  net::Timer retry_timer_;
  net::Timer expiry_timer_;                  // until the carrier had better be replaced
  TimePoint retry_at_{};                     // while the timer runs
  std::optional<TimePoint> attempt_since_;   // an attempt to connect is under way
  std::optional<TimePoint> greeting_since_;  // the session greets on a new carrier
  Duration connecting_took_{};               // the last time that it succeeded, without an outage
  unsigned given_up_ = 0;                    // attempts since then that took too long
  TimePoint ready_since_{};                  // of the latest carrier
  std::optional<TimePoint> lost_since_;      // no carrier that works
  Renewal renewal_ = Renewal::kNone;
  WaitingConnections waiting_;
  CallerService* callers_ = nullptr;
  std::set<std::uint16_t> listening_;
  bool callers_ready_ = false;
  bool ever_ready_ = false;
  tunnel::Farewells farewells_;
  std::unique_ptr<TunnelSession> session_;  // takes new streams while kReady
  DrainingSessions draining_;               // their processes will soon end
  std::uint64_t past_sent_ = 0;             // bytes of sessions that are over
  std::uint64_t past_received_ = 0;
};

}  // namespace ferry::daemon
