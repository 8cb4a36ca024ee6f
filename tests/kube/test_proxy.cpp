#include "tests/kube/test_proxy.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "kube/text.h"

namespace ferry::kube {
namespace {

// Bytes both ways until one side ends.
void relay(Connection& client, int upstream) {
  std::string chunk(16384, '\0');
  while (true) {
    std::array<pollfd, 2> entries{{{client.descriptor(), POLLIN, 0}, {upstream, POLLIN, 0}}};
    const int wait = client.has_pending() ? 0 : -1;
    if (poll(entries.data(), entries.size(), wait) < 0) return;
    if (entries[0].revents != 0 || client.has_pending()) {
      const auto data = client.read_some();
      if (data.empty()) return;
      if (send(upstream, data.data(), data.size(), MSG_NOSIGNAL) < 0) return;
    }
    if (entries[1].revents != 0) {
      const auto n = recv(upstream, chunk.data(), chunk.size(), 0);
      if (n <= 0 || !client.write({chunk.data(), static_cast<std::size_t>(n)})) return;
    }
  }
}

unsigned byte_at(const std::string& text, std::size_t at) {
  return static_cast<unsigned char>(text.at(at));
}

}  // namespace

TestProxy::TestProxy(Kind kind, std::uint16_t upstream, std::string login,
                     const std::optional<ServerTls>& tls)
    : kind_(kind),
      upstream_(upstream),
      login_(std::move(login)),
      server_([this](Connection& connection) { serve(connection); }, tls) {}

std::vector<std::string> TestProxy::targets() const {
  const std::lock_guard lock(mutex_);
  return targets_;
}

std::vector<HttpMessage> TestProxy::connects() const {
  const std::lock_guard lock(mutex_);
  return connects_;
}

void TestProxy::note(const std::string& target) {
  const std::lock_guard lock(mutex_);
  targets_.push_back(target);
}

void TestProxy::serve(Connection& connection) {
  const bool accepted =
      kind_ == Kind::kConnect ? accept_connect(connection) : accept_socks(connection);
  if (!accepted) return;
  const int upstream = connect_to_loopback(upstream_);
  if (upstream < 0) return;
  relay(connection, upstream);
  close(upstream);
}

bool TestProxy::accept_connect(Connection& connection) {
  const auto request = connection.read_request();
  if (!request || request->method != "CONNECT") return false;
  {
    const std::lock_guard lock(mutex_);
    connects_.push_back(*request);
  }
  const std::string wanted = "Basic " + base64_encode(login_);
  if (!login_.empty() && request->header("proxy-authorization") != wanted) {
    connection.write(
        "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
        "Content-Length: 0\r\n\r\n");
    return false;
  }
  note(request->target);
  return connection.write("HTTP/1.1 200 Connection established\r\n\r\n");
}

// RFC 1928 and 1929.
bool TestProxy::accept_socks(Connection& connection) {
  std::string text;
  if (!connection.read_exactly(2, text)) return false;
  if (!connection.read_exactly(byte_at(text, 1), text)) return false;
  if (login_.empty()) {
    connection.write(std::string("\x05\x00", 2));
  } else {
    connection.write("\x05\x02");
    std::string user;
    std::string password;
    if (!connection.read_exactly(2, text)) return false;
    if (!connection.read_exactly(byte_at(text, 1), user)) return false;
    if (!connection.read_exactly(1, text)) return false;
    if (!connection.read_exactly(byte_at(text, 0), password)) return false;
    const bool good = user + ":" + password == login_;
    connection.write(good ? std::string("\x01\x00", 2) : std::string("\x01\x01", 2));
    if (!good) return false;
  }
  if (!connection.read_exactly(4, text)) return false;
  std::string host;
  if (byte_at(text, 3) == 3) {
    if (!connection.read_exactly(1, host)) return false;
    if (!connection.read_exactly(byte_at(host, 0), host)) return false;
  } else {
    const std::size_t size = byte_at(text, 3) == 1 ? 4 : 16;
    if (!connection.read_exactly(size, host)) return false;
    host = "an address";
  }
  if (!connection.read_exactly(2, text)) return false;
  note(host + ":" + std::to_string(byte_at(text, 0) * 256 + byte_at(text, 1)));
  return connection.write(std::string("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10));
}

}  // namespace ferry::kube
