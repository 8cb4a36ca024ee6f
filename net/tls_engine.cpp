#include "net/tls_engine.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>

#include "net/problems.h"
#include "net/socket_address.h"
#include "net/tls_error.h"

namespace ferry::net {
namespace {

// SSL_set_tlsext_host_name() without its C cast.
bool send_server_name(SSL* ssl, std::string name) {
  return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;
}

}  // namespace

Result<std::unique_ptr<TlsEngine>> TlsEngine::create(const TlsContext& context,
                                                     const std::string& server_name,
                                                     std::string peer) {
  ERR_clear_error();
  std::unique_ptr<TlsEngine> engine(new TlsEngine(context, std::move(peer)));
  if (!engine->set_up(server_name)) {
    return fail(problem::kTlsSetupInvalid, "TLS with " + engine->peer_,
                take_openssl_words("'" + server_name + "' can't be a server's name"));
  }
  return engine;
}

TlsEngine::TlsEngine(const TlsContext& context, std::string peer)
    : state_(context.state()), peer_(std::move(peer)), ssl_(SSL_new(state_->ssl.get())) {}

bool TlsEngine::set_up(const std::string& server_name) {
  BIO* const bio = ssl_ ? BIO_new(wire_method()) : nullptr;
  if (bio == nullptr) return false;
  BIO_set_data(bio, &wire_);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_ex_data(ssl_.get(), 0, &shown_names_);
  SSL_set_verify(ssl_.get(), SSL_get_verify_mode(ssl_.get()), remember_names);
  if (state_->server) {
    SSL_set_accept_state(ssl_.get());
    return true;
  }
  SSL_set_connect_state(ssl_.get());
  const bool is_address = SocketAddress::from_literal(server_name, 0).has_value();
  if (!server_name.empty() && !is_address && !send_server_name(ssl_.get(), server_name)) {
    return false;
  }
  if (!state_->checks_name) return true;
  X509_VERIFY_PARAM* const checks = SSL_get0_param(ssl_.get());
  if (is_address) return X509_VERIFY_PARAM_set1_ip_asc(checks, server_name.c_str()) == 1;
  return !server_name.empty() &&
         X509_VERIFY_PARAM_set1_host(checks, server_name.data(), server_name.size()) == 1;
}

// --- the wire, as OpenSSL sees it ----------------------------------------------------------------

BIO_METHOD* TlsEngine::wire_method() {
  static const OpensslPtr<BIO_METHOD, &BIO_meth_free> method = [] {
    OpensslPtr<BIO_METHOD, &BIO_meth_free> made(
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ferry wire"));
    if (!made) std::abort();
    BIO_meth_set_read_ex(made.get(), wire_read);
    BIO_meth_set_write_ex(made.get(), wire_write);
    BIO_meth_set_ctrl(made.get(), wire_control);
    return made;
  }();
  return method.get();
}

int TlsEngine::wire_read(BIO* bio, char* data, std::size_t size, std::size_t* n) {
  Bytes& input = static_cast<Wire*>(BIO_get_data(bio))->input;
  BIO_clear_retry_flags(bio);
  if (input.empty()) {
    BIO_set_retry_read(bio);
    return 0;
  }
  *n = std::min(size, input.size());
  std::memcpy(data, input.data(), *n);
  input = input.subspan(*n);
  return 1;
}

int TlsEngine::wire_write(BIO* bio, const char* data, std::size_t size, std::size_t* n) {
  auto& output = static_cast<Wire*>(BIO_get_data(bio))->output;
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(data);
  output.insert(output.end(), bytes, bytes + size);
  *n = size;
  return 1;
}

long TlsEngine::wire_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

// --- the connection ------------------------------------------------------------------------------

TlsEngine::Outcome TlsEngine::handshake() {
  if (error_) return Outcome::kFailed;
  ERR_clear_error();
  return outcome_of(SSL_do_handshake(ssl_.get()));
}

TlsEngine::Outcome TlsEngine::read(MutableBytes room, std::size_t& n) {
  n = 0;
  if (error_) return Outcome::kFailed;
  ERR_clear_error();
  while (n < room.size()) {
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_.get(), room.data() + n, room.size() - n, &got);
    if (result != 1) return outcome_of(result);
    n += got;
  }
  return Outcome::kDone;
}

bool TlsEngine::write(Bytes plain) {
  if (error_) return false;
  ERR_clear_error();
  while (!plain.empty()) {
    std::size_t taken = 0;
    if (SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &taken) != 1) {
      give_up();
      return false;
    }
    plain = plain.subspan(taken);
  }
  return true;
}

void TlsEngine::close_notify() {
  if (error_) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

TlsEngine::Outcome TlsEngine::outcome_of(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE: return Outcome::kDone;
    case SSL_ERROR_WANT_READ: return Outcome::kWantsInput;
    case SSL_ERROR_ZERO_RETURN: return Outcome::kEnded;
    default: return give_up();
  }
}

TlsEngine::Outcome TlsEngine::give_up() {
  error_ = tls_error(ssl_.get(), peer_, shown_names_);
  ERR_clear_error();
  return Outcome::kFailed;
}

// --- what is known about the connection ----------------------------------------------------------

std::array<std::uint8_t, 32> TlsEngine::export_keying_material(std::string_view label) const {
  std::array<std::uint8_t, 32> secret = {};
  if (SSL_export_keying_material(ssl_.get(), secret.data(), secret.size(), label.data(),
                                 label.size(), nullptr, 0, 0) != 1) {
    std::abort();  // only before the handshake is done, when nobody holds a stream
  }
  return secret;
}

}  // namespace ferry::net
