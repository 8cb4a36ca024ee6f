// Has a proxy open a connection: HTTP CONNECT (RFC 9110, section 9.3.6) or SOCKS5 (RFC 1928, with
// user and password as in RFC 1929). The proxy resolves the target's name.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "net/address.h"
#include "net/byte_stream.h"
#include "net/loop.h"

namespace ferry::net {

enum class ProxyProtocol : std::uint8_t { kHttpConnect, kSocks5 };

struct ProxyCredentials {
  std::string user;  // SOCKS5: user and password have 1 to 255 bytes each
  std::string password;
};

struct ProxyHandshakeOptions {
  ProxyProtocol protocol = ProxyProtocol::kHttpConnect;
  HostPort target;
  std::optional<ProxyCredentials> credentials;  // HTTP: Basic authentication (RFC 7617)
  std::string proxy;  // how error texts call the proxy: its address, without credentials
  Duration timeout = std::chrono::seconds(10);
};

// One handshake. Destroying it cancels it and closes the lower stream; the callback is then never
// called. It may be destroyed from within the callback.
class ProxyHandshake : public Disposable {
 public:
  // Exactly once, never from within the constructor. The stream is not started and leads to the
  // target.
  //
  // Errors: kInvalid (a target or credentials that the protocol can't carry), kUnauthenticated,
  // kForbidden, kUnreachable (the proxy could not connect), kProtocol, kReset, kTimedOut, and those
  // of the lower stream.
  using Callback = std::function<void(Result<std::unique_ptr<ByteStream>>)>;

  // `lower`: connected to the proxy and not started.
  ProxyHandshake(Loop& loop, std::unique_ptr<ByteStream> lower,
                 const ProxyHandshakeOptions& options, Callback callback);
  ~ProxyHandshake() override;
  void retire() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ferry::net
