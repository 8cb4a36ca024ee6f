// The sessions of all daemons: those attached now, and those kept for a daemon that will be back.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "in-cluster-proxy/config.h"
#include "in-cluster-proxy/metrics.h"
#include "in-cluster-proxy/served_session.h"
#include "net/timer.h"
#include "tunnel/greeting.h"

namespace ferry::proxy {

class SessionTable final : private ServedSessionOwner {
 public:
  // `on_change`: a session came, went, was lost or lost a stream; for whoever waits for idleness.
  // `stand_in`: null if this proxy isn't one.
  SessionTable(net::Loop& loop, TargetDialer& dialer, StandIn* stand_in, const Config& config,
               Metrics& metrics, std::function<void()> on_change);
  ~SessionTable();

  // A carrier said HELLO. What was kept for its holder goes, since it began anew; not so for one of
  // another protocol version, which is only told that. Where there are as many sessions as allowed,
  // the one goes that has waited longest for its daemon. Error: kExhausted (all of them are
  // attached); `carrier` is taken on success only.
  Status begin(std::unique_ptr<tunnel::Carrier>& carrier, const tunnel::GreetingHello& hello,
               Bytes early);
  // A carrier said RESUME; `exporter` is its TLS exporter. Error: kNotFound (no such session), and
  // those of Session::accept_resume(); `carrier` is taken on success only.
  Status resume(std::unique_ptr<tunnel::Carrier>& carrier,
                const tunnel::Session::ResumeRequest& request, Bytes exporter, Bytes early);

  // Tells every daemon that the end is near; new sessions are not to come any more.
  void drain();

  // Lets callers go that have been quiet for so long; see QuietCallers.
  void let_go_of_quiet(Duration quiet);

  std::size_t attached() const;
  std::size_t size() const { return sessions_.size(); }
  // A daemon is attached whose side takes callers.
  bool ready() const;
  // Sessions for which the process has to live on: attached, or kept with open streams.
  std::size_t needed() const;
  // Streams of sessions that are attached, or whose daemon may be on its way back.
  std::size_t live_streams() const;
  std::size_t streams() const;
  // Bytes held for streams.
  std::size_t memory() const;

 private:
  void on_session_changed(ServedSession& session) override;
  void on_session_over(ServedSession& session) override;

  // Those that wait for their daemons, the longest first.
  std::vector<ServedSession*> kept() const;
  void let_go(const tunnel::SessionId& id);
  void let_go_of_superseded(const tunnel::Holder& next);
  void let_go_of_all();
  bool expired(const ServedSession& session) const;
  // Lets sessions go that were detached for too long, and the oldest while all of them hold too
  // much.
  void prune();

  net::Loop& loop_;
  TargetDialer& dialer_;
  StandIn* const stand_in_;
  const Config& config_;
  Metrics& metrics_;
  std::function<void()> on_change_;
  net::Timer prune_timer_;
  tunnel::MemoryBudget memory_;
  tunnel::Farewells farewells_;
  std::map<tunnel::SessionId, std::unique_ptr<ServedSession>> sessions_;
};

}  // namespace ferry::proxy
