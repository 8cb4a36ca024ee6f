// A connected socket as httplib's servers want to see it. httplib has one of its own, which isn't
// among what its header offers.
#pragma once

#include <httplib.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>

namespace ferry::control {

class SocketStream final : public httplib::Stream {
 public:
  // Doesn't own the socket. Reading and writing wait for at most `patience` each.
  SocketStream(int socket, std::chrono::milliseconds patience)
      : socket_(socket), patience_(patience) {}

  bool is_readable() const override;
  // Also whether the peer is still there.
  bool is_writable() const override;
  ssize_t read(char* to, std::size_t size) override;
  ssize_t write(const char* from, std::size_t size) override;
  // Unix sockets have neither.
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

 private:
  // Whether `events` (poll(2)) came in time; so does the end of the connection.
  bool wait_for(short events, std::chrono::milliseconds patience) const;

  const int socket_;
  const std::chrono::milliseconds patience_;
  std::array<char, 4096> received_{};  // httplib reads heads byte by byte
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace ferry::control
