// A session whose proxy process is about to end. Its streams go on until they end, also when its
// carrier is lost: then it goes on over another to the same process, as long as that is there.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "daemon/backoff.h"
#include "daemon/carrier_source.h"
#include "daemon/tunnel_session.h"
#include "net/timer.h"

namespace ferry::daemon {

class DrainingSession final : public net::Disposable {
 public:
  // `way` leads to the session's process; null: none does. `on_over`: the carrier was lost (for
  // this reason) and there will be no other; at most once, not from within carrier_lost().
  using OnOver = std::function<void(const Error&)>;
  DrainingSession(net::Loop& loop, std::unique_ptr<TunnelSession> session,
                  std::unique_ptr<CarrierSource> way, OnOver on_over);

  TunnelSession& session() { return *session_; }
  const TunnelSession& session() const { return *session_; }

  // To be told by the session's owner.
  void carrier_ready();
  void carrier_lost(const Error& error);
  void carrier_in_doubt();

 private:
  void try_again();
  void connected(Result<NewCarrier> carrier);

  net::Loop& loop_;
  const TimePoint until_;
  OnOver on_over_;
  std::unique_ptr<TunnelSession> session_;
  std::unique_ptr<CarrierSource> way_;
  std::optional<Error> lost_by_;
  bool gone_ = false;  // the process
  Backoff backoff_;
  Duration patience_;
  net::Timer again_;  // runs while another carrier is wanted
};

}  // namespace ferry::daemon
