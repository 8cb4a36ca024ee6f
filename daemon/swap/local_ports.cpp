#include "daemon/swap/local_ports.h"

#include <algorithm>
#include <utility>

#include "base/port_holder.h"

namespace ferry::daemon {
namespace {

constexpr Duration kLookAgain = std::chrono::milliseconds(250);
constexpr Duration kTryTimeout = std::chrono::seconds(2);
constexpr const char* kIpv4 = "127.0.0.1";
constexpr const char* kIpv6 = "::1";

}  // namespace

LocalPorts::LocalPorts(net::Loop& loop, Tunnel& tunnel, const std::vector<Port>& ports,
                       bool proxy_protocol, LocalPortsEvents& events)
    : loop_(loop),
      tunnel_(tunnel),
      proxy_protocol_(proxy_protocol),
      events_(events),
      look_again_(loop, [this] { look(); }) {
  for (const Port& port : ports) ports_.push_back({.port = port, .address = {}, .dial = nullptr});
  tunnel_.serve(this);
  look_again_.start(Duration::zero());
}

LocalPorts::~LocalPorts() {
  for (const auto& watched : ports_) tunnel_.unlisten(watched.port.remote);
  tunnel_.forget(*this);
  tunnel_.serve(nullptr);
}

bool LocalPorts::open(std::uint16_t remote) const {
  return std::any_of(ports_.begin(), ports_.end(), [&](const Watched& watched) {
    return watched.port.remote == remote && !watched.address.empty();
  });
}

bool LocalPorts::any_open() const {
  return std::any_of(ports_.begin(), ports_.end(),
                     [](const Watched& watched) { return !watched.address.empty(); });
}

bool LocalPorts::all_open() const {
  return std::none_of(ports_.begin(), ports_.end(),
                      [](const Watched& watched) { return watched.address.empty(); });
}

// --- watching the local ports --------------------------------------------------------------------

void LocalPorts::look() {
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    Watched& watched = ports_[i];
    if (watched.address.empty()) {
      if (!watched.dial) try_to_connect(i, kIpv4);
    } else if (watched.in_table && !somebody_listens(watched.port.local)) {
      set_open(watched, {});
    }
  }
  look_again_.start(kLookAgain);
}

void LocalPorts::try_to_connect(std::size_t index, const std::string& address) {
  Watched& watched = ports_[index];
  watched.dial = std::make_unique<net::Dial>(
      loop_, net::HostPort{address, watched.port.local}, net::DialOptions{.timeout = kTryTimeout},
      [this, index, address](const Result<std::unique_ptr<net::ByteStream>>& stream) {
        tried(index, address, stream.has_value());
      });
}

void LocalPorts::tried(std::size_t index, const std::string& address, bool open) {
  Watched& watched = ports_[index];
  loop_.delete_later(std::move(watched.dial));
  if (open) {
    watched.in_table = somebody_listens(watched.port.local);
    set_open(watched, address);
  } else if (address == kIpv4) {
    try_to_connect(index, kIpv6);
  }
}

void LocalPorts::set_open(Watched& watched, const std::string& address) {
  if (watched.address == address) return;
  watched.address = address;
  if (address.empty()) {
    tunnel_.unlisten(watched.port.remote);
  } else {
    tunnel_.listen(watched.port.remote);
  }
  events_.on_ports_changed();
}

// --- callers -------------------------------------------------------------------------------------

std::optional<LocalPlace> LocalPorts::place_of(std::uint16_t proxy_port) {
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    const Watched& watched = ports_[i];
    if (watched.port.remote != proxy_port || watched.address.empty()) continue;
    // A number of its own, of which the remainder is the port's index.
    const std::size_t connection = came_++ * ports_.size() + i;
    return LocalPlace{{watched.address, watched.port.local}, proxy_protocol_, connection};
  }
  return {};
}

void LocalPorts::on_nobody_there(const LocalPlace& place) {
  meter_.ended({.opened = false, .error = Error{}});
  set_open(port_of(place.port), {});
}

void LocalPorts::on_listen_result(const tunnel::ListenResult& result) {
  if (!result.ok) events_.on_port_refused(result.port, result.detail);
}

void LocalPorts::on_connected(std::size_t connection) {
  const std::uint16_t remote = port_of(connection).port.remote;
  if (awaited_ == remote && !taken_for_test_) {
    taken_for_test_ = connection;
    tests_.insert(connection);
  } else {
    meter_.began();
  }
  events_.on_caller_served(remote);
}

void LocalPorts::on_ended(std::size_t connection, const ConnectionEnd& end) {
  tests_.erase(connection);
  meter_.ended(end);
}

void LocalPorts::await_test(std::uint16_t remote) {
  awaited_ = remote;
  taken_for_test_.reset();
}

void LocalPorts::test_over(bool accepted) {
  if (taken_for_test_ && !accepted) {
    tests_.erase(*taken_for_test_);
    meter_.began();
  }
  awaited_.reset();
  taken_for_test_.reset();
}

OpenTraffic LocalPorts::callers() const {
  OpenTraffic open = tunnel_.traffic(*this);
  open.connections -= std::min<std::uint64_t>(open.connections, tests_.size());
  return open;
}

}  // namespace ferry::daemon
