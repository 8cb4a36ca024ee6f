// The local ports of a swap: callers of the stand-in are connected to them, for as long as somebody
// listens there. While nobody does, the proxy doesn't listen either, so that callers are refused as
// by a pod whose process is gone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/callers.h"
#include "daemon/traffic_meter.h"
#include "daemon/tunnel.h"
#include "net/dialer.h"
#include "net/timer.h"

namespace ferry::daemon {

// Not owned by the ports.
class LocalPortsEvents {
 public:
  // What is open may be something else now.
  virtual void on_ports_changed() = 0;
  // The proxy can't listen on a port of its pod.
  virtual void on_port_refused(std::uint16_t remote, const std::string& why) = 0;
  // A caller of that port of the pod was connected.
  virtual void on_caller_served(std::uint16_t /*remote*/) {}

 protected:
  ~LocalPortsEvents() = default;
};

class LocalPorts final : private CallerService {
 public:
  struct Port {
    std::uint16_t remote = 0;  // the stand-in's
    std::uint16_t local = 0;
  };

  // The tunnel outlives it. Callers are served from the start.
  LocalPorts(net::Loop& loop, Tunnel& tunnel, const std::vector<Port>& ports, bool proxy_protocol,
             LocalPortsEvents& events);
  // Connections are reset.
  ~LocalPorts();
  LocalPorts(const LocalPorts&) = delete;
  LocalPorts& operator=(const LocalPorts&) = delete;

  // Somebody listens on the local port.
  bool open(std::uint16_t remote) const;
  bool any_open() const;
  bool all_open() const;

  // A connection of the swap's own test will come by that port, and isn't to be counted. Nothing
  // tells it from a caller's: where a pod reaches itself, the network may put another address in
  // place of its own. So whoever comes first is taken for it.
  void await_test(std::uint16_t remote);
  // The test is over. If its connection was accepted nowhere, who came meanwhile was a caller.
  void test_over(bool accepted);

  // Of callers. What the local process has said to tests is among the bytes.
  control::Traffic traffic() const { return meter_.read(callers()); }
  void sample_rate() { meter_.sample(callers(), loop_.now()); }

 private:
  // Looks after one local port: tries to connect while it is closed, which disturbs nobody, and
  // looks into the system's table while it is open, so as not to bother a server with connections
  // that say nothing.
  struct Watched {
    Port port;
    std::string address;  // where it was found open; empty: closed
    bool in_table = false;
    std::unique_ptr<net::Dial> dial;
  };

  void look();
  void try_to_connect(std::size_t index, const std::string& address);
  void tried(std::size_t index, const std::string& address, bool open);
  void set_open(Watched& watched, const std::string& address);
  // By the number that its connection goes by.
  Watched& port_of(std::size_t connection) { return ports_[connection % ports_.size()]; }
  OpenTraffic callers() const;

  std::optional<LocalPlace> place_of(std::uint16_t proxy_port) override;
  void on_nobody_there(const LocalPlace& place) override;
  void on_listen_result(const tunnel::ListenResult& result) override;
  void on_connected(std::size_t connection) override;
  void on_ended(std::size_t connection, const ConnectionEnd& end) override;

  net::Loop& loop_;
  Tunnel& tunnel_;
  const bool proxy_protocol_;
  LocalPortsEvents& events_;
  std::vector<Watched> ports_;
  TrafficMeter meter_;
  std::size_t came_ = 0;                       // connections, ever
  std::optional<std::uint16_t> awaited_;       // a test's, by this port of the stand-in
  std::optional<std::size_t> taken_for_test_;  // while the test is under way
  std::set<std::size_t> tests_;                // open connections that aren't counted
  net::Timer look_again_;
};

}  // namespace ferry::daemon
