#include "daemon/control/socket_stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ferry::control {

bool SocketStream::wait_for(short events, std::chrono::milliseconds patience) const {
  pollfd wanted{.fd = socket_, .events = events, .revents = 0};
  int ready = 0;
  do {
    ready = poll(&wanted, 1, static_cast<int>(patience.count()));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

bool SocketStream::is_readable() const { return begin_ < end_ || wait_for(POLLIN, patience_); }

bool SocketStream::is_writable() const {
  if (!wait_for(POLLOUT, patience_)) return false;
  if (!wait_for(POLLIN, std::chrono::milliseconds(0))) return true;
  char byte = 0;
  return recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

ssize_t SocketStream::read(char* to, std::size_t size) {
  if (begin_ == end_) {
    if (!is_readable()) return -1;
    ssize_t n = 0;
    do {
      n = recv(socket_, received_.data(), received_.size(), 0);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) return n;
    begin_ = 0;
    end_ = static_cast<std::size_t>(n);
  }
  const std::size_t n = std::min(size, end_ - begin_);
  std::memcpy(to, received_.data() + begin_, n);
  begin_ += n;
  return static_cast<ssize_t>(n);
}

ssize_t SocketStream::write(const char* from, std::size_t size) {
  if (!wait_for(POLLOUT, patience_)) return -1;
  ssize_t n = 0;
  do {
    n = send(socket_, from, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  return n;
}

void SocketStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

void SocketStream::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

}  // namespace ferry::control
