// The control API: HTTP/1.1 over a Unix socket, served on threads of its own, off the data path.
// docs/control-api.md lists the paths.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"
#include "daemon/control/service.h"

namespace ferry::control {

struct ServerOptions {
  std::string socket_path;            // its directory exists and is private to the user
  std::size_t max_connections = 256;  // served at once; more wait
  uid_t user = geteuid();  // whose processes are served (SO_PEERCRED); others are cut off
};

class Server {
 public:
  // The service outlives the server.
  Server(Service& service, ServerOptions options);
  // Like stop().
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Replaces whatever is at the path (the caller holds the lock that makes that a leftover), and
  // serves once it returns. The socket has mode 0600: other users cannot connect.
  // Error: kIo.
  Status start();

  // Ends event streams, waits for requests under way, removes the socket. Requests may be waiting
  // for the service: whatever the service needs to answer them (the loop) has to be still running.
  // Foreground links are not removed by this: the daemon that stops its server ends them itself.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ferry::control
