// A real ferry-proxy for tests, and certificates for both ends of the tunnel.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "in-cluster-proxy/proxy.h"
#include "net/certificate.h"

namespace ferry::testing {

class TunnelCertificates {
 public:
  TunnelCertificates()
      : authority(must(net::make_authority(spec("test-authority", {})))),
        proxy(must(net::make_certificate(spec("proxy", net::CertificateUse::kServer), authority))),
        daemon(
            must(net::make_certificate(spec("daemon", net::CertificateUse::kClient), authority))) {}

  const net::Identity authority;
  const net::Identity proxy;
  const net::Identity daemon;

  // The daemon's end, as --proxy-credentials takes it.
  void write(const std::filesystem::path& directory) const {
    std::ofstream(directory / "ca.crt") << authority.certificate_pem;
    std::ofstream(directory / "tls.crt") << daemon.certificate_pem;
    std::ofstream(directory / "tls.key") << daemon.key_pem;
  }

 private:
  static net::CertificateSpec spec(const std::string& name, net::CertificateUse use) {
    const auto now = std::chrono::system_clock::now();
    return {.common_name = name,
            .names = {name},
            .not_before = now - std::chrono::hours(1),
            .not_after = now + std::chrono::hours(1),
            .use = use};
  }
  static net::Identity must(Result<net::Identity> made) {
    EXPECT_TRUE(made.has_value()) << made.error().summary();
    return made.value_or(net::Identity{});
  }
};

// On a port of the loopback (0: any), willing to connect to the loopback.
inline proxy::Config proxy_config(const TunnelCertificates& certificates, std::uint16_t port) {
  proxy::Config config;
  config.listen = {"127.0.0.1", port};
  config.tls = {.ca_pem = certificates.authority.certificate_pem,
                .certificate_pem = certificates.proxy.certificate_pem,
                .key_pem = certificates.proxy.key_pem};
  config.rules.allow.push_back(*proxy::parse_address_rule("127.0.0.0/8"));
  config.idle_exit = {};
  return config;
}

}  // namespace ferry::testing
