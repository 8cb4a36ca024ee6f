#include "net/tls_context.h"

#include <openssl/err.h>

#include <limits>
#include <utility>

#include "net/problems.h"

namespace ferry::net {
namespace {

using State = TlsContext::State;

// AES-128 first: a quarter cheaper than AES-256 and no weaker against anybody who exists.
constexpr const char* kTunnelCiphers =
    "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384";

Result<std::shared_ptr<State>> make_state(bool server, int min_version) {
  ERR_clear_error();
  auto state = std::make_shared<State>();
  state->server = server;
  state->ssl.reset(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
  SSL_CTX* const ssl = state->ssl.get();
  if (ssl == nullptr || SSL_CTX_set_min_proto_version(ssl, min_version) != 1) {
    return fail(problem::kTlsLibrary, "setting TLS up", take_openssl_words("no reason given"));
  }
  SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_num_tickets(ssl, 0);
  SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);  // an idle connection holds no record buffers
  SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | (server ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     nullptr);
  return state;
}

Status use_identity(SSL_CTX* ssl, const Identity& identity) {
  auto chain = read_certificates(identity.certificate_pem, "reading this side's certificate");
  if (!chain) return fail(chain.error());
  const auto key = read_key(identity.key_pem, "reading this side's private key");
  if (!key) return fail(key.error());
  bool ok = SSL_CTX_use_certificate(ssl, chain->front().get()) == 1;
  for (std::size_t i = 1; ok && i < chain->size(); ++i) {
    ok = SSL_CTX_add1_chain_cert(ssl, (*chain)[i].get()) == 1;
  }
  if (!ok || SSL_CTX_use_PrivateKey(ssl, key->get()) != 1) {
    return fail(problem::kKeyMismatch, "using this side's certificate and key",
                take_openssl_words("no reason given"),
                "check that the key belongs to the certificate");
  }
  return {};
}

Status trust(State& state, const std::string& pem) {
  const auto authorities = read_certificates(pem, "reading the certificates to trust");
  if (!authorities) return fail(authorities.error());
  X509_STORE* const store = SSL_CTX_get_cert_store(state.ssl.get());
  for (const auto& one : *authorities) X509_STORE_add_cert(store, one.get());
  // What was given is trusted as it is, be it an intermediate or the peer's very certificate.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  ERR_clear_error();
  return {};
}

Result<std::shared_ptr<State>> make_mutual(bool server, const TlsMutualOptions& options) {
  auto made = make_state(server, TLS1_3_VERSION);
  if (!made) return made;
  State& state = **made;
  SSL_CTX_set_ciphersuites(state.ssl.get(), kTunnelCiphers);
  if (auto ok = use_identity(state.ssl.get(), options.identity); !ok) return fail(ok.error());
  if (options.trusted_pem.empty()) {
    return fail(problem::kTlsSetupInvalid, "setting TLS up", "no certificate is trusted");
  }
  if (auto ok = trust(state, options.trusted_pem); !ok) return fail(ok.error());
  return made;
}

Status offer(SSL_CTX* ssl, const std::vector<std::string>& protocols) {
  std::string wire;
  for (const auto& protocol : protocols) {
    if (protocol.empty() || protocol.size() > std::numeric_limits<std::uint8_t>::max()) {
      return fail(problem::kTlsSetupInvalid, "setting ALPN up",
                  "a protocol's name has 1 to 255 bytes");
    }
    wire += static_cast<char>(protocol.size());
    wire += protocol;
  }
  const auto bytes = as_bytes(wire);
  if (SSL_CTX_set_alpn_protos(ssl, bytes.data(), static_cast<unsigned>(bytes.size())) != 0) {
    return fail(problem::kTlsLibrary, "setting ALPN up", take_openssl_words("no reason given"));
  }
  return {};
}

}  // namespace

Result<TlsContext> TlsContext::mutual_client(const TlsMutualOptions& options) {
  auto state = make_mutual(false, options);
  if (!state) return fail(state.error());
  return TlsContext(std::move(*state));
}

Result<TlsContext> TlsContext::mutual_server(const TlsMutualOptions& options) {
  auto state = make_mutual(true, options);
  if (!state) return fail(state.error());
  return TlsContext(std::move(*state));
}

Result<TlsContext> TlsContext::client(const TlsClientOptions& options) {
  auto made = make_state(false, TLS1_2_VERSION);
  if (!made) return fail(made.error());
  State& state = **made;
  SSL_CTX* const ssl = state.ssl.get();
  if (options.identity) {
    if (auto ok = use_identity(ssl, *options.identity); !ok) return fail(ok.error());
  }
  if (options.insecure) {
    SSL_CTX_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
  } else if (options.trusted_pem.empty()) {
    SSL_CTX_set_default_verify_paths(ssl);
  } else if (auto ok = trust(state, options.trusted_pem); !ok) {
    return fail(ok.error());
  }
  state.checks_name = !options.insecure;
  if (!options.alpn.empty()) {
    if (auto ok = offer(ssl, options.alpn); !ok) return fail(ok.error());
  }
  return TlsContext(std::move(*made));
}

}  // namespace ferry::net
