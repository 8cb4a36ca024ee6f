// The server's side of a WebSocket over a test's connection, frame by frame and blocking.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/kube/test_server.h"

namespace ferry::kube {

struct Frame {
  bool fin = true;
  int opcode = 2;
  bool masked = false;
  std::string payload;
};

class WebSocketPeer {
 public:
  explicit WebSocketPeer(Connection& connection) : connection_(connection) {}

  // Answers an upgrade; `subprotocol` may be empty.
  bool accept(const HttpMessage& request, const std::string& subprotocol);
  bool send(int opcode, std::string_view payload);
  // Nothing at the end of the connection.
  std::optional<Frame> read();

  // The two messages with which a port-forward of one port begins.
  bool announce(std::uint16_t port);
  // Sends a Close, and reads until the peer has gone.
  void close();

 private:
  Connection& connection_;
};

}  // namespace ferry::kube
