// The tunnel port: lets in who has the certificate, reads what their carrier says first, and hands
// it to the session that it is for.
//
// Before that point a peer may be anybody: their number, the rate at which they are accepted and
// the time that each may take are bounded, and under a flood the oldest of them go first, so that a
// daemon, whose handshake takes milliseconds, still gets through.
#pragma once

#include <cstddef>
#include <list>
#include <memory>

#include "in-cluster-proxy/config.h"
#include "in-cluster-proxy/metrics.h"
#include "in-cluster-proxy/session_table.h"
#include "net/listener.h"
#include "net/timer.h"
#include "net/tls.h"

namespace ferry::proxy {

class TunnelGate {
 public:
  // The references must outlive it.
  TunnelGate(net::Loop& loop, net::TlsContext tls, const Limits& limits, Metrics& metrics,
             SessionTable& sessions);
  ~TunnelGate();

  // Errors: those of net::Listener::create().
  Status listen(const net::HostPort& address);
  net::HostPort address() const { return listener_->address(); }
  // Connections between accept and the end of their greeting.
  std::size_t waiting() const { return guests_.size(); }

  // From now on only sessions that there are go on over another carrier; there are no new ones.
  void end_of_sessions() { ending_ = true; }

 private:
  class Guest;

  void accept(std::unique_ptr<net::ByteStream> stream, const net::HostPort& peer);
  void keep_to_rate();
  void drop(Guest& guest);

  net::Loop& loop_;
  const net::TlsContext tls_;
  const Limits& limits_;
  Metrics& metrics_;
  SessionTable& sessions_;
  std::list<std::unique_ptr<Guest>> guests_;  // oldest first
  std::size_t accepted_ = 0;                  // since second_ was started
  bool ending_ = false;
  net::Timer second_;
  std::unique_ptr<net::Listener> listener_;
};

}  // namespace ferry::proxy
