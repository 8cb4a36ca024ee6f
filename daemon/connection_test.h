// Tests the way to one port of a link's target with a connection of its own: made, and ended again
// once it is accepted. The target sees a connection that brings no byte, and its end; a reset only
// if it doesn't end its own side soon.
#pragma once

#include <functional>
#include <optional>

#include "daemon/idle_stream.h"
#include "daemon/link_route.h"
#include "net/timer.h"

namespace ferry::daemon {

class ConnectionTest final : private ConnectionObserver {
 public:
  // Exactly once, possibly from within start(); no error: accepted. The test may be destroyed then.
  using OnResult = std::function<void(std::size_t port, std::optional<Error>)>;

  // The route outlives the test.
  ConnectionTest(net::Loop& loop, LinkRoute& route, std::size_t port, OnResult on_result);
  ~ConnectionTest();
  ConnectionTest(const ConnectionTest&) = delete;
  ConnectionTest& operator=(const ConnectionTest&) = delete;

  void start();

 private:
  void on_connected(std::size_t port) override;
  void on_ended(std::size_t port, const ConnectionEnd& end) override;
  void finish(std::optional<Error> error);

  net::Loop& loop_;
  LinkRoute& route_;
  const std::size_t port_;
  const OnResult on_result_;
  IdleStream::Handle local_;
  net::Timer linger_;  // accepted, and not ended by the target yet
  bool under_way_ = false;
};

}  // namespace ferry::daemon
