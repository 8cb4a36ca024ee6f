#include "daemon/draining_sessions.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "daemon/problems.h"

namespace ferry::daemon {

DrainingSessions::DrainingSessions(net::Loop& loop, std::string tunnel, OnEnd on_end)
    : loop_(loop), tunnel_(std::move(tunnel)), on_end_(std::move(on_end)) {}

void DrainingSessions::add(std::unique_ptr<TunnelSession> session,
                           std::unique_ptr<CarrierSource> way) {
  if (sessions_.size() == kMax) {
    end(sessions_.front()->session(), {problem::kTooManyEnding,
                                       "letting a proxy process end",
                                       "too many of them have ended one after the other",
                                       {}});
  }
  TunnelSession& same = *session;
  sessions_.push_back(
      std::make_unique<DrainingSession>(loop_, std::move(session), std::move(way),
                                        [this, &same](const Error& error) { end(same, error); }));
}

void DrainingSessions::ready(const TunnelSession& session) {
  const auto found = find(session);
  if (found != sessions_.end()) (*found)->carrier_ready();
}

void DrainingSessions::in_doubt(const TunnelSession& session) {
  const auto found = find(session);
  if (found != sessions_.end()) (*found)->carrier_in_doubt();
}

void DrainingSessions::lost(TunnelSession& session, const Error& error, bool needed) {
  const auto found = find(session);
  if (found == sessions_.end()) return;
  if (session.idle() && !needed) return end(session, error);
  spdlog::info("tunnel {}: lost with {} streams of a process that is ending: {}", tunnel_,
               session.stats().streams, error.summary());
  (*found)->carrier_lost(error);
}

void DrainingSessions::over(const TunnelSession& session) { drop(session, true); }

DrainingSessions::Sessions::iterator DrainingSessions::find(const TunnelSession& session) {
  return std::find_if(sessions_.begin(), sessions_.end(),
                      [&](const auto& one) { return &one->session() == &session; });
}

void DrainingSessions::end(TunnelSession& session, const Error& error) {
  const bool cut = !session.idle();
  session.end_streams(error);
  drop(session, cut);
}

void DrainingSessions::drop(const TunnelSession& session, bool cut) {
  const auto found = find(session);
  if (found == sessions_.end()) return;
  on_end_(session, cut);
  loop_.delete_later(std::move(*found));
  sessions_.erase(found);
}

}  // namespace ferry::daemon
