#include "daemon/control/user_server.h"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

#include "daemon/control/socket_stream.h"

namespace ferry::control {

std::optional<uid_t> peer_user(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer.uid;
}

namespace {

// One that connects and says nothing must not hold its thread for as long as a slow one may.
constexpr int kFirstByteMillis = 1000;

// httplib doesn't tell its handlers; a connection has one thread, and a thread one connection.
thread_local int served_here = -1;

bool says_something(int socket) {
  pollfd wanted{.fd = socket, .events = POLLIN, .revents = 0};
  return poll(&wanted, 1, kFirstByteMillis) == 1;
}

}  // namespace

int UserServer::connection_of_this_thread() { return served_here; }

bool UserServer::process_and_close_socket(socket_t socket) {
  const auto peer = peer_user(socket);
  bool served = false;
  if (peer == user_ && says_something(socket)) {
    SocketStream stream(socket, std::chrono::seconds(read_timeout_sec_));
    bool closed = false;
    served_here = socket;
    served = process_request(stream, true, closed, nullptr);
    served_here = -1;
  } else if (peer != user_) {
    spdlog::warn("control: refused a connection of user {}: this daemon serves user {} alone",
                 peer ? std::to_string(*peer) : "unknown", user_);
  }
  shutdown(socket, SHUT_RDWR);
  close(socket);
  return served;
}

}  // namespace ferry::control
