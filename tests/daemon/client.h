// A TCP client with blocking calls, for the test's thread.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace ferry::testing {

class Client {
 public:
  // Connects to a port of 127.0.0.1; each call gives up after 20 s.
  explicit Client(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }

  void send(std::string_view text) {
    EXPECT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  void finish() { shutdown(fd_, SHUT_WR); }

  // Exactly n bytes, fewer where the connection ends before.
  std::string receive(std::size_t n) {
    std::string text(n, '\0');
    std::size_t have = 0;
    while (have < n) {
      const ssize_t got = recv(fd_, text.data() + have, n - have, 0);
      if (got <= 0) break;
      have += static_cast<std::size_t>(got);
    }
    text.resize(have);
    return text;
  }
  // Everything up to the peer's FIN or reset.
  std::string receive_all() {
    std::string text;
    std::array<char, 4096> buffer{};
    for (;;) {
      const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
      was_reset_ = got < 0 && errno == ECONNRESET;
      if (got <= 0) return text;
      text.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  bool was_reset() const { return was_reset_; }

 private:
  const int fd_;
  bool connected_ = false;
  bool was_reset_ = false;
};

}  // namespace ferry::testing
