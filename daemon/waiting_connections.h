// Connections that came while there was no way to the proxy, in the order in which they came.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/time.h"
#include "daemon/connection.h"
#include "net/byte_stream.h"
#include "net/loop.h"
#include "net/timer.h"
#include "tunnel/session.h"

namespace ferry::daemon {

class WaitingConnections {
 public:
  struct One {
    tunnel::Target target;
    std::unique_ptr<net::ByteStream> socket;
    std::size_t port = 0;
    ConnectionObserver* observer = nullptr;
  };

  // One that has waited for `timeout` is reset, its observer told, with what `why` then says. Of
  // more than `max` those go first whose client has ended its side, most of which have given up;
  // that is looked for every `kLook` at most. Without any, the newest is reset at once.
  static constexpr Duration kLook = std::chrono::milliseconds(100);
  WaitingConnections(net::Loop& loop, std::size_t max, Duration timeout,
                     std::function<std::string()> why);
  // Those that are left are reset; their observers are not told.
  ~WaitingConnections();
  WaitingConnections(const WaitingConnections&) = delete;
  WaitingConnections& operator=(const WaitingConnections&) = delete;

  // False: there are too many.
  bool add(One connection);
  // The one that has waited longest; there is one.
  One take();
  void forget(const ConnectionObserver& observer);

  bool empty() const { return connections_.empty(); }
  std::size_t size() const { return connections_.size(); }
  std::uint64_t count(const ConnectionObserver& observer) const;

 private:
  struct Waiting {
    One connection;
    TimePoint deadline;
  };
  void expire();
  void let_go_of_ended();

  net::Loop& loop_;
  const std::size_t max_;
  const Duration timeout_;
  const std::function<std::string()> why_;
  net::Timer timer_;
  std::deque<Waiting> connections_;
  std::optional<TimePoint> looked_at_;
};

}  // namespace ferry::daemon
