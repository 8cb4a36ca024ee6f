// TLS as a ByteStream over a ByteStream. Two uses: the tunnel (TLS 1.3, both ends known to each
// other) and an API server (an ordinary HTTPS client).
//
// All pieces of one write() are encrypted into full records and handed to the lower stream in
// writes of about 256 KiB. shutdown() sends close_notify and leaves the lower stream open for
// reading, so half-close works over carriers that know none. An end of the lower stream without
// close_notify is an error (kReset): bytes may be missing.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/byte_stream.h"
#include "net/certificate.h"
#include "net/loop.h"

namespace ferry::net {

// Bytes that a server in the middle of a handshake takes from somebody whom it doesn't know yet; a
// client with a certificate needs about 2 KiB. Beyond that it ends in kProtocol. (A client is held
// by OpenSSL's own bounds: 100 KiB of certificates.)
inline constexpr std::size_t kMaxClientHandshake = std::size_t{16} * 1024;

// For the tunnel.
struct TlsMutualOptions {
  Identity identity;
  // Not empty: authorities that may have issued the peer's certificate, or that certificate itself.
  // No name is checked, but the use (client or server) and the dates are.
  std::string trusted_pem;
};

// For a client of a server that many use.
struct TlsClientOptions {
  std::string trusted_pem;           // empty: the system's authorities
  std::optional<Identity> identity;  // a client certificate
  bool insecure = false;             // accepts any certificate
  std::vector<std::string> alpn;     // such as "http/1.1" (RFC 7301); empty: not offered
};

// What connections have in common. Immutable, cheap to copy; connections outlive it.
class TlsContext {
 public:
  // Errors: kInvalid (PEM that doesn't parse, a key that doesn't belong to its certificate, nothing
  // to trust).
  static Result<TlsContext> mutual_client(const TlsMutualOptions& options);
  static Result<TlsContext> mutual_server(const TlsMutualOptions& options);
  // TLS 1.2 or newer.
  static Result<TlsContext> client(const TlsClientOptions& options);

  struct State;  // for net/ alone
  const std::shared_ptr<const State>& state() const { return state_; }

 private:
  explicit TlsContext(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

class TlsStream final : public ByteStream {
 public:
  ~TlsStream() override;
  void retire() override;

  void start(StreamHandler& handler) override;
  void pause_reading() override;
  void resume_reading() override;
  using ByteStream::write;
  std::size_t write(std::span<const Bytes> pieces) override;
  std::size_t queued() const override;
  void shutdown() override;
  void reset() override;

  // 32 bytes that only the two ends of this very connection know (RFC 8446, section 7.5).
  std::array<std::uint8_t, 32> export_keying_material(std::string_view label) const;

 private:
  friend class TlsHandshake;
  class Impl;
  explicit TlsStream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct TlsHandshakeOptions {
  // For TlsContext::client(): the DNS name or IP address that the certificate must be for; a name
  // is sent along (SNI). Not used in mutual contexts.
  std::string server_name;
  std::string peer;  // how error texts call the other end; empty: server_name
  Duration timeout = std::chrono::seconds(10);
};

// One handshake. Destroying it cancels it and closes the lower stream; the callback is then never
// called. It may be destroyed from within the callback.
class TlsHandshake : public Disposable {
 public:
  // Exactly once, never from within the constructor. The stream is not started.
  //
  // Errors: kUnauthenticated (a certificate, ours or theirs, was not accepted: expired, unknown
  // authority, wrong name or pin, missing), kProtocol (what came is not TLS, or no version or
  // cipher is common to both), kReset (cut), kTimedOut, and those of the lower stream.
  //
  // In TLS 1.3 the client is done before the server has looked at its certificate: if the server
  // then refuses it, that is what on_closed() of the client's stream reports (kUnauthenticated).
  using Callback = std::function<void(Result<std::unique_ptr<TlsStream>>)>;

  // `lower`: connected and not started.
  TlsHandshake(Loop& loop, const TlsContext& context, std::unique_ptr<ByteStream> lower,
               const TlsHandshakeOptions& options, Callback callback);
  ~TlsHandshake() override;
  void retire() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ferry::net
