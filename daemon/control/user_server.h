// An HTTP server on a Unix socket that serves the processes of its own user and no others.
//
// The socket's directory and its mode keep other users out already; this is for the case that one
// of the two is not what it should be (a runtime directory that somebody opened up, a file system
// without modes, a socket that was bind-mounted into a container).
#pragma once

#include <httplib.h>
#include <sys/types.h>

#include <optional>

namespace ferry::control {

// The user of the process at the other end of a connected Unix socket, at the time that it
// connected (SO_PEERCRED, unix(7)); none where the kernel doesn't tell.
std::optional<uid_t> peer_user(int socket);

class UserServer final : public httplib::Server {
 public:
  // `user`: the only one that is served.
  explicit UserServer(uid_t user) : user_(user) {}

  // The connection that the calling thread serves, for a handler that has nothing to say for a
  // while and has to notice that its client went away. -1 outside of a handler.
  static int connection_of_this_thread();

 private:
  // httplib's hook for each accepted connection, on that connection's thread. One request a
  // connection: an idle connection must not hold a thread.
  bool process_and_close_socket(socket_t socket) override;

  const uid_t user_;
};

}  // namespace ferry::control
