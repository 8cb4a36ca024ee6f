// A link's way without a proxy: a port-forward of its own for each connection, to the ready pods in
// turn.
#pragma once

#include <unordered_map>

#include "daemon/direct_connection.h"
#include "daemon/link_route.h"
#include "net/loop.h"

namespace ferry::daemon {

class DirectRoute final : public LinkRoute {
 public:
  static constexpr std::size_t kMaxConnections = 1024;  // at once; further ones are reset

  DirectRoute(net::Loop& loop, std::unique_ptr<PodDialer> dialer, TargetPlan plan,
              std::size_t max_connections = kMaxConnections);
  ~DirectRoute() override;

  void carry(std::size_t port, std::unique_ptr<net::ByteStream> local,
             ConnectionObserver& observer) override;
  void forget(const ConnectionObserver& observer) override;
  OpenTraffic traffic(const ConnectionObserver& observer) const override;
  void set_view(const TargetView& view) override { view_ = view; }
  std::string blocked() const override { return {}; }
  control::Route kind() const override { return control::Route::kDirect; }

 private:
  struct Carried {
    std::unique_ptr<DirectConnection> connection;
    ConnectionObserver* observer = nullptr;
    std::size_t port = 0;
  };

  // All ready pods with that port, the next in turn first.
  std::vector<PodPort> candidates(std::size_t port);
  void ended(DirectConnection& connection, const ConnectionEnd& end);

  net::Loop& loop_;
  std::unique_ptr<PodDialer> dialer_;
  const TargetPlan plan_;
  const std::size_t max_connections_;
  TargetView view_;
  std::size_t turn_ = 0;
  std::unordered_map<const DirectConnection*, Carried> carried_;
};

}  // namespace ferry::daemon
