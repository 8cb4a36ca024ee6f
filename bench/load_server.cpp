#include "load_server.h"

#include <arpa/inet.h>
#include <sys/epoll.h>

#include <cstdio>
#include <thread>

#include "load_socket.h"

namespace ferry::bench {
namespace {

using Command = std::array<char, 9>;

std::uint64_t number_of(const Command& command) {
  std::uint64_t n = 0;
  for (std::size_t i = 1; i < command.size(); ++i) {
    n = n << 8U | static_cast<std::uint8_t>(command[i]);
  }
  return n;
}

void answer(const Socket& peer, const Command& command) {
  const std::uint64_t n = number_of(command);
  if (command[0] == 'D') {
    peer.send_pattern(n);
  } else if (command[0] == 'U') {
    peer.receive_pattern(n);
    peer.send_all("k", 1);
  } else if (command[0] == 'R') {
    std::array<char, 1> ask{};
    while (peer.receive_some(ask) == 1) peer.send_all(pattern().data(), kReply);
  }
}

void watch(int epoll, int operation, int fd) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLONESHOT;
  event.data.fd = fd;
  if (::epoll_ctl(epoll, operation, fd, &event) != 0) die("epoll_ctl");
}

// A thread for each connection that does something; those that wait for a command share one.
void take_command(int epoll, int fd) {
  Socket peer(fd);
  Command command{};
  try {
    peer.receive_all(command);
    if (command[0] == 'I') {
      peer.send_pattern(number_of(command));
      return watch(epoll, EPOLL_CTL_MOD, peer.release());
    }
  } catch (const std::exception&) {
    return;  // closed; the client knows why
  }
  ::epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr);
  std::thread([command, held = std::move(peer)] {
    try {
      answer(held, command);
    } catch (const std::exception&) {
      // The client notices, and says so.
    }
  }).detach();
}

Socket listen_at(const char* host, std::uint16_t port) {
  Socket listener(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, host, &address.sin_addr) != 1)
    throw std::runtime_error("HOST is an IPv4 address");
  if (::bind(listener.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    die("bind");
  if (::listen(listener.fd(), 4096) != 0) die("listen");
  socklen_t size = sizeof address;
  ::getsockname(listener.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return listener;
}

}  // namespace

void serve(const char* host, std::uint16_t port) {
  const Socket listener = listen_at(host, port);
  const Socket epoll(::epoll_create1(0));
  watch(epoll.fd(), EPOLL_CTL_ADD, listener.fd());
  for (;;) {
    epoll_event event{};
    if (::epoll_wait(epoll.fd(), &event, 1, -1) != 1) continue;
    if (event.data.fd != listener.fd()) {
      take_command(epoll.fd(), event.data.fd);
      continue;
    }
    const int fd = ::accept(listener.fd(), nullptr, nullptr);
    if (fd >= 0) {
      no_delay(fd);
      watch(epoll.fd(), EPOLL_CTL_ADD, fd);
    }
    watch(epoll.fd(), EPOLL_CTL_MOD, listener.fd());
  }
}

}  // namespace ferry::bench
