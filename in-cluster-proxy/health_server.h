// Answers the kubelet's probes, GET /healthz and GET /readyz, and GET /metrics; each connection
// once (HTTP/1.1 with Connection: close, RFC 9112). Nothing else is served.
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

// What is asked for at a request.
struct HealthSource {
  std::function<std::string_view()> not_ready;  // why it isn't: empty is 200, words are 503
  std::function<std::string()> metrics;
};

class HealthServer {
 public:
  HealthServer(net::Loop& loop, HealthSource source);
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
  const HealthSource source_;
  std::list<std::unique_ptr<Connection>> connections_;  // oldest first
  std::vector<std::unique_ptr<net::Listener>> listeners_;
};

// The answer to what a client sent so far; empty while its request's header isn't complete.
std::string health_answer(std::string_view request, const HealthSource& source);

}  // namespace ferry::proxy
