// All that a swap of "web" needs: a cluster in simulated time, a stand-in's proxy on real sockets,
// a tunnel that the test can cut, and a local process that it can end.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "daemon/proxy_at.h"
#include "daemon/swap/swap_link.h"
#include "tests/daemon/swap/shared_cluster.h"
#include "tests/daemon/temporary_directory.h"
#include "tests/fakes/fake_backend.h"
#include "tests/in-cluster-proxy/harness.h"
#include "tests/kube/swap/world.h"

namespace ferry::daemon::testing {

using control::EventKind;
using control::SwapPhase;

class SwapHouse : public ::testing::Test, protected proxy::testing::World {
 protected:
  SwapHouse() : World(proxy_config()) {
    const auto& made = proxy::testing::certificates();
    const std::filesystem::path dir = directory_.path();
    std::ofstream(dir / "ca.crt") << made.ca_pem;
    std::ofstream(dir / "tls.crt") << made.client.certificate_pem;
    std::ofstream(dir / "tls.key") << made.client.key_pem;
    backend_.other_api = cluster_;
    backend_.proxy_at_stand_in = [this](const StandInPlace&) {
      return std::make_unique<ProxyAt>(*loop, to_string(relay->address()), directory_.path());
    };
    auto web = swap::web_deployment();
    web["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"] = remote_;
    cluster_->with([&](swap::SimCluster& cluster) {
      cluster.objects().put(kube::kDeployments, "demo", web);
      cluster.objects().put(kube::kServices, "demo", swap::web_service());
      cluster.advance(std::chrono::seconds(5));
    });
    before_ = snapshot();
  }

  static proxy::Config proxy_config() {
    proxy::Config config = World::config();
    config.stand_in = proxy::StandInConfig{.id = "a1b2",
                                           .drain_accept = std::chrono::milliseconds(100),
                                           .link_addresses = {"127.0.0.1"},
                                           .poll_files = std::chrono::milliseconds(5),
                                           .environment = {"A=1"}};
    return config;
  }

  control::SwapSpec spec() const {
    control::SwapSpec spec;
    spec.kube.kube_namespace = "demo";
    spec.workload = {control::TargetKind::kDeployment, "web"};
    spec.expose = {{.local = local_port_, .remote = {.number = remote_}}};
    spec.proxy.image = "ferry-proxy:1";
    return spec;
  }

  kube::Json snapshot() {
    return cluster_->with([](swap::SimCluster& cluster) { return cluster.snapshot(); });
  }
  std::size_t replicas() { return cluster_->find(kube::kDeployments, "web")["spec"]["replicas"]; }
  // Looks every millisecond: much of it happens on other threads.
  bool wait(const std::function<bool()>& condition) {
    std::optional<net::Timer> look;
    look.emplace(*loop, [&] {
      look->start(std::chrono::milliseconds(1));
      loop.poke();
    });
    look->start(Duration::zero());
    return loop.run_until(condition);
  }

  const ferry::testing::TemporaryDirectory directory_;
  std::shared_ptr<SharedCluster> cluster_ = std::make_shared<SharedCluster>();
  BriskPace pace_{*cluster_};
  FakeBackend backend_{*loop};
  const std::uint16_t remote_ = proxy::testing::free_address(loop).port;
  std::optional<proxy::testing::Service> local_{std::in_place, loop};
  const std::uint16_t local_port_ = local_->address().port;
  kube::Json before_;  // the cluster without a swap
  Workers workers_{*loop};
  TunnelPool tunnels_{
      *loop, {.first_backoff = std::chrono::milliseconds(5)}, {}, [](const auto&) {}};
  const LinkHouse house_{*loop, workers_, tunnels_, backend_, pace_};
};

}  // namespace ferry::daemon::testing
