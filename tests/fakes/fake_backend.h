// A daemon's backend without a cluster: objects in memory, pods that are ports of the loopback.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "daemon/backend.h"
#include "net/dialer.h"
#include "tests/fakes/fake_kube_api.h"

namespace ferry::daemon {

class FakeBackend final : public Backend {
 public:
  explicit FakeBackend(net::Loop& loop) : loop_(loop) {}

  std::shared_ptr<kube::FakeKubeApi> api = std::make_shared<kube::FakeKubeApi>();
  // Where each pod's ports really are; others can't be reached. On the loop's thread.
  std::map<std::string, net::HostPort> pods;
  // What proxy_in_cluster() gives; without it there is no image.
  std::function<std::unique_ptr<CarrierSource>()> proxy;
  std::function<std::unique_ptr<CarrierSource>(const std::string&, const std::string&)>
      proxy_at_address;

  Result<Cluster> open_cluster(const control::KubeAccess& access) override {
    if (access.context == "missing") {
      return fail(ErrorCode::kNotFound, "reading the kubeconfig", "no context named 'missing'");
    }
    return Cluster{.context = "fake",
                   .ns = access.kube_namespace.empty() ? "default" : access.kube_namespace,
                   .server = "https://fake",
                   .user = "somebody",
                   .api = api};
  }
  std::unique_ptr<PodDialer> pod_dialer(const Cluster&) override {
    return std::make_unique<Dialer>(*this);
  }
  std::unique_ptr<CarrierSource> proxy_in_cluster(const Cluster&,
                                                  const control::ProxyOptions&) override {
    return proxy();
  }
  std::unique_ptr<CarrierSource> proxy_at(const std::string& address,
                                          const std::string& credentials) override {
    return proxy_at_address(address, credentials);
  }
  bool has_proxy_image(const control::ProxyOptions&) override { return static_cast<bool>(proxy); }

 private:
  class Dialer final : public PodDialer {
   public:
    explicit Dialer(FakeBackend& backend) : backend_(backend) {}
    std::unique_ptr<net::Disposable> dial(const PodPort& target, Callback callback) override {
      const auto found = backend_.pods.find(target.pod);
      // Port 1 of the loopback: refused.
      const net::HostPort place =
          found == backend_.pods.end() ? net::HostPort{"127.0.0.1", 1} : found->second;
      return std::make_unique<net::Dial>(backend_.loop_, place, net::DialOptions{},
                                         std::move(callback));
    }

   private:
    FakeBackend& backend_;
  };

  net::Loop& loop_;
};

}  // namespace ferry::daemon
