// Tries ports in the cluster with a connection each, closed again once it is accepted: through a
// tunnel that is up, else by port-forwards to the pods. Through the tunnel, those that speak HTTP
// are asked for a page.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/connection.h"
#include "daemon/direct_connection.h"
#include "daemon/http_ask.h"
#include "daemon/tunnel_pool.h"
#include "kube/diagnose/door.h"
#include "net/timer.h"

namespace ferry::daemon {

class DoorCheck final : public net::Disposable, private ConnectionObserver, private TunnelEvents {
 public:
  // Once, never from within the constructor. Doors of which nothing could be found out are left
  // out.
  using OnDone = std::function<void(std::vector<diagnose::Knock>)>;

  // `tunnel` is the key of the one to use if it is ready; the pool outlives this.
  DoorCheck(net::Loop& loop, TunnelPool& tunnels, const std::string& tunnel,
            std::unique_ptr<PodDialer> dialer, std::vector<diagnose::Door> doors, OnDone on_done);
  ~DoorCheck() override;

 private:
  struct Asked {
    diagnose::Door door;
    std::unique_ptr<DirectConnection> connection;  // on the direct route
    bool pending = true;
    std::optional<diagnose::Knock> knock;
    bool accepted = false;                           // what is waited for is an answer
    std::shared_ptr<HttpAsk::OnAnswer> on_answer{};  // while it is asked over HTTP
  };

  void begin();
  void dial(std::size_t index);
  void on_connected(std::size_t index) override;
  void on_ended(std::size_t index, const ConnectionEnd& end) override;
  void on_tunnel_changed() override {}
  void on_tunnel_progress(const std::string&) override {}
  void on_answer(std::size_t index, const Result<int>& status);
  void failed(std::size_t index, const Error& error);
  void settle(std::size_t index, std::optional<diagnose::Knock> knock);
  void out_of_time();
  void finish();

  net::Loop& loop_;
  TunnelPool& tunnels_;
  Tunnel* tunnel_;  // held in the pool; none: the direct route
  const std::unique_ptr<PodDialer> dialer_;
  std::vector<Asked> asked_;
  std::size_t pending_ = 0;
  const OnDone on_done_;
  net::Timer start_;
  net::Timer deadline_;
  net::Timer done_;
};

}  // namespace ferry::daemon
