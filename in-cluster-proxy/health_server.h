// Answers the kubelet's probes: GET /healthz and GET /readyz, each connection once (HTTP/1.1 with
// Connection: close, RFC 9112). Nothing else is served.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"
#include "net/listener.h"
#include "net/loop.h"

namespace ferry::proxy {

class HealthServer {
 public:
  // `not_ready` is asked at each GET /readyz why it isn't: empty is 200, words are 503.
  HealthServer(net::Loop& loop, std::function<std::string_view()> not_ready);
  ~HealthServer();

  // May be called for several addresses. Errors: those of net::Listener::create().
  Status listen(const net::HostPort& address);
  // With the real ports.
  std::vector<net::HostPort> addresses() const;

 private:
  class Connection;

  void accept(std::unique_ptr<net::ByteStream> stream);
  void drop(Connection& connection);

  net::Loop& loop_;
  std::function<std::string_view()> not_ready_;
  std::list<std::unique_ptr<Connection>> connections_;  // oldest first
  std::vector<std::unique_ptr<net::Listener>> listeners_;
};

// The answer to what a client sent so far; empty while its request's header isn't complete.
std::string health_answer(std::string_view request, std::string_view not_ready);

}  // namespace ferry::proxy
