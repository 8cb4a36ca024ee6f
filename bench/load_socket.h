// Blocking sockets, and the pattern that is sent over them.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ferry::bench {

inline constexpr std::size_t kChunk = std::size_t{256} * 1024;
inline constexpr std::size_t kPeriod =
    65521;  // prime, so that a lost or doubled block never fits the pattern
inline constexpr std::size_t kReply = 1024;

inline const std::vector<char>& pattern() {
  static const std::vector<char> bytes = [] {
    std::vector<char> made(kPeriod + kChunk);
    std::uint32_t state = 1;
    for (std::size_t i = 0; i < kPeriod; ++i) {
      state = state * 1664525U + 1013904223U;
      made[i] = static_cast<char>(state >> 24U);
    }
    for (std::size_t i = kPeriod; i < made.size(); ++i) made[i] = made[i - kPeriod];
    return made;
  }();
  return bytes;
}

[[noreturn]] inline void die(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;

  void send_all(const char* data, std::size_t n) const {
    while (n > 0) {
      const ssize_t sent = ::send(fd_, data, n, MSG_NOSIGNAL);
      if (sent < 0) die("send");
      data += sent;
      n -= static_cast<std::size_t>(sent);
    }
  }
  std::size_t receive_some(std::span<char> into) const {
    const ssize_t n = ::recv(fd_, into.data(), into.size(), 0);
    if (n < 0) die("recv");
    return static_cast<std::size_t>(n);
  }
  void receive_all(std::span<char> into) const {
    while (!into.empty()) {
      const std::size_t n = receive_some(into);
      if (n == 0) throw std::runtime_error("the connection ended early");
      into = into.subspan(n);
    }
  }
  void send_pattern(std::uint64_t n) const {
    for (std::uint64_t at = 0; at < n;) {
      const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, n - at));
      send_all(pattern().data() + at % kPeriod, piece);
      at += piece;
    }
  }
  // The longest that nothing came.
  std::chrono::steady_clock::duration receive_pattern(std::uint64_t n) const {
    std::vector<char> buffer(kChunk);
    auto last = std::chrono::steady_clock::now();
    auto longest = std::chrono::steady_clock::duration::zero();
    for (std::uint64_t at = 0; at < n;) {
      const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, n - at));
      const std::size_t got = receive_some(std::span(buffer).first(room));
      if (got == 0) throw std::runtime_error("the connection ended early");
      if (std::memcmp(buffer.data(), pattern().data() + at % kPeriod, got) != 0) {
        throw std::runtime_error("wrong bytes arrived");
      }
      at += got;
      const auto now = std::chrono::steady_clock::now();
      longest = std::max(longest, now - last);
      last = now;
    }
    return longest;
  }
  void command(char letter, std::uint64_t n) const {
    std::array<char, 9> bytes{letter};
    for (std::size_t i = 0; i < 8; ++i) bytes[8 - i] = static_cast<char>(n >> (8U * i));
    send_all(bytes.data(), bytes.size());
  }
  int fd() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

inline void no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace ferry::bench
