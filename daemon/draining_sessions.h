// The sessions of a tunnel whose proxy processes are about to end.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "daemon/draining_session.h"

namespace ferry::daemon {

class DrainingSessions {
 public:
  // Processes of one proxy that end at the same time; the oldest of more is let go.
  static constexpr std::size_t kMax = 8;

  // `tunnel`: its id, for the log. `on_end`: a session is let go; `cut`: with streams that hadn't
  // ended.
  using OnEnd = std::function<void(const TunnelSession&, bool cut)>;
  DrainingSessions(net::Loop& loop, std::string tunnel, OnEnd on_end);

  // `way`: as for DrainingSession.
  void add(std::unique_ptr<TunnelSession> session, std::unique_ptr<CarrierSource> way);

  // What their sessions tell the tunnel. Sessions that aren't here are left alone.
  void ready(const TunnelSession& session);
  void in_doubt(const TunnelSession& session);
  // `needed`: also without streams.
  void lost(TunnelSession& session, const Error& error, bool needed);
  void over(const TunnelSession& session);

  template <typename Visit>
  void for_each(const Visit& visit) {
    for (const auto& one : sessions_) visit(one->session());
  }
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (const auto& one : sessions_) visit(std::as_const(*one).session());
  }

 private:
  using Sessions = std::list<std::unique_ptr<DrainingSession>>;
  Sessions::iterator find(const TunnelSession& session);
  void end(TunnelSession& session, const Error& error);
  void drop(const TunnelSession& session, bool cut);

  net::Loop& loop_;
  const std::string tunnel_;
  const OnEnd on_end_;
  Sessions sessions_;
};

}  // namespace ferry::daemon
