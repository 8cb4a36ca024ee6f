// A daemon's backend without a cluster: objects in memory, pods that are ports of the loopback.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
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
  std::shared_ptr<kube::Api> other_api;  // in its place, if set
  // Where each pod's ports really are; others can't be reached. On the loop's thread.
  std::map<std::string, net::HostPort> pods;
  // What proxy_in_cluster() gives; without it there is no image.
  std::function<std::unique_ptr<CarrierSource>()> proxy;
  std::function<std::unique_ptr<CarrierSource>(const std::string&, const std::string&)>
      proxy_at_address;
  std::function<std::unique_ptr<CarrierSource>(const StandInPlace&)> proxy_at_stand_in;

  Result<Cluster> open_cluster(const control::KubeAccess& access) override {
    if (access.context == "missing") {
      return fail(ErrorCode::kNotFound, "reading the kubeconfig", "no context named 'missing'");
    }
    const std::lock_guard lock(mutex_);
    last_access_ = access;
    const auto either = [](const std::string& asked, const std::string& otherwise) {
      return asked.empty() ? otherwise : asked;
    };
    return Cluster{.context = either(access.context, current_.context),
                   .ns = either(access.kube_namespace, current_.kube_namespace),
                   .kubeconfig_list = either(access.kubeconfig_list, current_.kubeconfig_list),
                   .server = "https://fake",
                   .user = "somebody",
                   .api = other_api ? other_api : api};
  }
  Result<ProxyIdentity> swap_identity(const Cluster&, const std::string&) override {
    return ProxyIdentity{};
  }
  std::string installation_id() override { return "this-installation"; }
  void forget_swap_identity(const Cluster&, const std::string&) override {}
  std::unique_ptr<CarrierSource> stand_in(const StandInPlace& place) override {
    return proxy_at_stand_in(place);
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

  // What is used where open_cluster() isn't told.
  void set_current(control::KubeAccess current) {
    const std::lock_guard lock(mutex_);
    current_ = std::move(current);
  }
  // What open_cluster() was asked for last.
  control::KubeAccess last_access() const {
    const std::lock_guard lock(mutex_);
    return last_access_;
  }

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
  mutable std::mutex mutex_;
  control::KubeAccess current_{.kubeconfig_list = "/home/somebody/.kube/config",
                               .context = "fake",
                               .kube_namespace = "default"};
  control::KubeAccess last_access_;
};

}  // namespace ferry::daemon
