// Makes a carrier of a connection to a proxy: mutual TLS over it, and the proof that goes with it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "daemon/carrier_source.h"
#include "net/tls.h"

namespace ferry::daemon {

// PEM texts: our certificate, its key, and the authority that issued the proxy's.
struct TunnelCredentials {
  std::string ca_pem;
  std::string certificate_pem;
  std::string key_pem;
};

// One handshake; destroying it cancels it.
class CarrierHandshake {
 public:
  // `lower`: connected and not started. `peer` and `process`: see NewCarrier. Errors, through the
  // callback: those of net::TlsContext and net::TlsHandshake.
  CarrierHandshake(net::Loop& loop, const TunnelCredentials& credentials,
                   std::unique_ptr<net::ByteStream> lower, std::string peer, std::string process,
                   CarrierSource::Callback callback);

 private:
  std::unique_ptr<net::TlsHandshake> handshake_;
};

}  // namespace ferry::daemon
