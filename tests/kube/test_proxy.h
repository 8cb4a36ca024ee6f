// Proxies on the loopback for tests: HTTP CONNECT (over TCP or TLS) and SOCKS5. Whatever name they
// are asked for, they connect to the port that the test gave: so what was resolved where shows.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/kube/test_server.h"

namespace ferry::kube {

class TestProxy {
 public:
  enum class Kind { kConnect, kSocks5 };

  // `login` is "user:password" where one is demanded.
  TestProxy(Kind kind, std::uint16_t upstream, std::string login = {},
            const std::optional<ServerTls>& tls = {});

  std::uint16_t port() const { return server_.port(); }
  // "host:port" as asked for, in the order of arrival.
  std::vector<std::string> targets() const;
  // The heads of all CONNECT requests, with their headers.
  std::vector<HttpMessage> connects() const;

 private:
  void serve(Connection& connection);
  bool accept_connect(Connection& connection);
  bool accept_socks(Connection& connection);
  void note(const std::string& target);

  Kind kind_;
  std::uint16_t upstream_;
  std::string login_;
  mutable std::mutex mutex_;
  std::vector<std::string> targets_;
  std::vector<HttpMessage> connects_;
  TestServer server_;  // the last member: its threads use the others
};

}  // namespace ferry::kube
