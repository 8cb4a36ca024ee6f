// The callers of a reverse link: connections that come in on ports of the proxy, each of them to be
// connected to a local port.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "daemon/connection.h"
#include "net/address.h"
#include "net/dialer.h"
#include "net/loop.h"
#include "tunnel/io/session_io.h"

namespace ferry::daemon {

// Where the callers of one of the proxy's ports are connected to.
struct LocalPlace {
  net::HostPort address;
  bool proxy_protocol = false;  // begin with the caller's address (PROXY protocol, version 2)
  std::size_t port = 0;         // for the observer
};

// Whoever knows what the proxy's ports stand for. Not owned; outlives the sessions that it serves.
class CallerService : public ConnectionObserver {
 public:
  // None: nothing here is for that port (any more).
  virtual std::optional<LocalPlace> place_of(std::uint16_t proxy_port) = 0;
  // Nobody accepted a caller at `place`.
  virtual void on_nobody_there(const LocalPlace& place) = 0;
  virtual void on_listen_result(const tunnel::ListenResult& result) = 0;

 protected:
  ~CallerService() = default;
};

// The local connections that are being made for callers of one session.
class CallerDials {
 public:
  // Made: join it to the stream. Not made: the stream is refused already.
  using OnMade =
      std::function<void(tunnel::StreamId, const LocalPlace&, std::unique_ptr<net::ByteStream>)>;

  CallerDials(net::Loop& loop, tunnel::SessionIo& io, OnMade on_made)
      : loop_(loop), io_(io), on_made_(std::move(on_made)) {}

  // Answers an on_opened() of the kind kLink, now or later.
  void take(tunnel::StreamId stream, const tunnel::Target& target, CallerService* service);
  // The caller has gone away meanwhile.
  void cancel(tunnel::StreamId stream);
  // The service goes away: who still waits is refused.
  void refuse_all();

 private:
  struct Pending {
    LocalPlace place;
    tunnel::Target caller;
    CallerService* service = nullptr;
    TimePoint deadline;
    std::unique_ptr<net::Dial> dial = nullptr;
  };

  void dial(tunnel::StreamId stream, Pending& pending);
  void dialled(tunnel::StreamId stream, Result<std::unique_ptr<net::ByteStream>> socket);

  net::Loop& loop_;
  tunnel::SessionIo& io_;
  const OnMade on_made_;
  std::unordered_map<tunnel::StreamId, Pending> dials_;
};

}  // namespace ferry::daemon
