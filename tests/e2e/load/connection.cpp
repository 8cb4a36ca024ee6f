#include "connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace ferry::test_load {
namespace {

std::string because(std::string_view what, int error) {
  return std::string(what) + ": " + std::strerror(error);
}

std::uint16_t own_port(int fd) {
  sockaddr_storage own{};
  socklen_t length = sizeof own;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &length) != 0) return 0;
  // The port has the same place in both kinds of addresses.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&own)->sin_port);
}

std::string header(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
       at = head.find("\r\n", at)) {
    at += 2;
    if (::strncasecmp(head.data() + at, name.data(), name.size()) == 0 &&
        head[at + name.size()] == ':') {
      const std::size_t from = head.find_first_not_of(' ', at + name.size() + 1);
      return std::string(head.substr(from, head.find("\r\n", from) - from));
    }
  }
  return {};
}

}  // namespace

Addresses resolve(const char* host, const char* port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host, port, &hints, &found); error != 0) {
    std::fprintf(stderr, "ferry-test-load: %s: %s\n", host, ::gai_strerror(error));
    std::exit(1);
  }
  return Addresses(found);
}

Connection::Connection(const addrinfo& addresses, std::chrono::milliseconds timeout)
    : addresses_(addresses), timeout_(timeout) {}

Connection::~Connection() { close(); }

void Connection::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::optional<std::string> Connection::wait(short events) const {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now());
  pollfd poll{fd_, events, 0};
  const int ready = left.count() <= 0 ? 0 : ::poll(&poll, 1, static_cast<int>(left.count()));
  if (ready == 0) return "timed out";
  return std::nullopt;
}

std::optional<std::string> Connection::connect() {
  fd_ = ::socket(addresses_.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return because("socket", errno);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const int begun = ::connect(fd_, addresses_.ai_addr, addresses_.ai_addrlen);
  const int why = begun == 0 ? 0 : errno;
  port_ = own_port(fd_);  // at once: a connection that has failed has none any more
  if (begun == 0) return std::nullopt;
  if (why != EINPROGRESS) return because("connect", why);
  if (const auto late = wait(POLLOUT)) return "connect: " + *late;
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return because("connect", error);
  return std::nullopt;
}

std::optional<std::string> Connection::send(const std::string& request) {
  const ssize_t sent = ::send(fd_, request.data(), request.size(), MSG_NOSIGNAL);
  if (sent < 0) return because("send", errno);
  if (static_cast<std::size_t>(sent) < request.size()) return "send: buffer full";
  return std::nullopt;
}

// Some more of the answer.
std::optional<std::string> Connection::receive() {
  if (const auto late = wait(POLLIN)) return "receive: " + *late;
  std::array<char, 4096> buffer{};
  const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (n < 0) return because("receive", errno);
  if (n == 0) return received_.empty() ? "closed before the answer" : "closed within the answer";
  received_.append(buffer.data(), static_cast<std::size_t>(n));
  return std::nullopt;
}

Outcome Connection::answer() {
  std::size_t head = std::string::npos;
  while ((head = received_.find("\r\n\r\n")) == std::string::npos) {
    if (const auto failure = receive()) return {*failure, {}, received_.empty()};
  }
  const std::string status = received_.substr(received_.find(' ') + 1, 3);
  if (status != "200") return {"status " + status, {}, false};
  const std::string length =
      header(std::string_view(received_).substr(0, head + 2), "Content-Length");
  if (length.empty()) return {"no Content-Length", {}, false};
  const std::size_t end = head + 4 + std::stoul(length);
  while (received_.size() < end) {
    if (const auto failure = receive()) return {*failure, {}, false};
  }
  std::string name = received_.substr(head + 4, end - head - 4);
  while (!name.empty() && name.back() == '\n') name.pop_back();
  return {{}, name, false};
}

Outcome Connection::get(bool keep) {
  Outcome outcome = ask(keep);
  outcome.port = port_;
  return outcome;
}

Outcome Connection::ask(bool keep) {
  deadline_ = Clock::now() + timeout_;
  received_.clear();
  if (!open()) {
    if (const auto failure = connect()) {
      close();
      return {*failure, {}, true};
    }
  }
  const std::string request = std::string("GET / HTTP/1.1\r\nHost: load\r\nConnection: ") +
                              (keep ? "keep-alive" : "close") + "\r\n\r\n";
  const auto unsent = send(request);
  Outcome outcome = unsent ? Outcome{*unsent, {}, true} : answer();
  const bool last = ::strcasecmp(header(received_, "Connection").c_str(), "close") == 0;
  if (!keep || last || !outcome.failure.empty()) close();
  return outcome;
}

}  // namespace ferry::test_load
