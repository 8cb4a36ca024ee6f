// Certificates and TLS pairs for the tests of net/.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "net/tls.h"
#include "tests/net/harness.h"

namespace ferry::net::testing {

inline CertificateSpec spec_for(std::string name, CertificateUse use) {
  const auto now = std::chrono::system_clock::now();
  CertificateSpec spec;
  spec.common_name = std::move(name);
  spec.not_before = now - std::chrono::hours(1);
  spec.not_after = now + std::chrono::hours(1);
  spec.use = use;
  return spec;
}

// One installation: an authority and the certificates of both ends of a tunnel.
struct Installation {
  Identity authority = *make_authority(spec_for("authority", CertificateUse::kServer));
  Identity server = issue("proxy", CertificateUse::kServer);
  Identity client = issue("daemon", CertificateUse::kClient);

  Identity issue(const std::string& name, CertificateUse use) const {
    return *make_certificate(spec_for(name, use), authority);
  }
  TlsMutualOptions server_options() const { return {server, authority.certificate_pem}; }
  TlsMutualOptions client_options() const { return {client, authority.certificate_pem}; }
};

inline const Installation& installation() {
  static const Installation one;
  return one;
}

using TlsResult = Result<std::unique_ptr<TlsStream>>;

struct TlsPair {
  std::optional<TlsResult> client;
  std::optional<TlsResult> server;

  bool both_well() const { return client && *client && server && *server; }
};

// Runs both handshakes over the pair until both have reported.
inline TlsPair shake_hands(TestLoop& loop, StreamPair lower, const TlsContext& client,
                           const TlsContext& server, const TlsHandshakeOptions& options = {}) {
  TlsPair pair;
  TlsHandshake client_side(*loop, client, std::move(lower.client), options, [&](TlsResult r) {
    pair.client = std::move(r);
    loop.poke();
  });
  TlsHandshake server_side(*loop, server, std::move(lower.server), options, [&](TlsResult r) {
    pair.server = std::move(r);
    loop.poke();
  });
  EXPECT_FALSE(pair.client || pair.server) << "the callback came from within the constructor";
  loop.run_until([&] { return pair.client && pair.server; });
  return pair;
}

inline StreamPair connect_tls(TestLoop& loop) {
  auto pair = shake_hands(loop, connect_tcp(loop),
                          *TlsContext::mutual_client(installation().client_options()),
                          *TlsContext::mutual_server(installation().server_options()));
  EXPECT_TRUE(pair.both_well());
  if (!pair.both_well()) return {};
  return {std::move(**pair.client), std::move(**pair.server)};
}

}  // namespace ferry::net::testing
