// A link's way through a tunnel and the proxy at its end.
#pragma once

#include "daemon/link_route.h"
#include "daemon/tunnel.h"

namespace ferry::daemon {

class ProxyRoute final : public LinkRoute {
 public:
  // The tunnel outlives the route.
  ProxyRoute(Tunnel& tunnel, control::Route kind, TargetPlan plan);

  void carry(std::size_t port, std::unique_ptr<net::ByteStream> local,
             ConnectionObserver& observer) override;
  void forget(const ConnectionObserver& observer) override;
  OpenTraffic traffic(const ConnectionObserver& observer) const override;
  void set_view(const TargetView& view) override { view_ = view; }
  std::string blocked() const override;
  control::Route kind() const override { return kind_; }
  std::string tunnel_id() const override { return tunnel_.id(); }

 private:
  // Empty host: there is no place to go to.
  tunnel::Target next_target(std::size_t port);

  Tunnel& tunnel_;
  const control::Route kind_;
  const TargetPlan plan_;
  TargetView view_;
  std::size_t turn_ = 0;  // round robin over the pods
};

}  // namespace ferry::daemon
