// A proxy at an address that can be reached directly: tests, benchmarks, a NodePort, a VPN.
#pragma once

#include <string>

#include "daemon/carrier_handshake.h"
#include "net/dialer.h"

namespace ferry::daemon {

class ProxyAt final : public CarrierSource {
 public:
  // `address`: host:port. `credentials`: a directory with ca.crt, tls.crt and tls.key, as
  // ferry-proxy's --tls-dir names for its end; read again for each attempt.
  ProxyAt(net::Loop& loop, std::string address, std::string credentials);

  void connect(Callback callback, Progress progress) override;
  std::unique_ptr<CarrierSource> abandon() override;

 private:
  void give_up();
  void dialled(std::unique_ptr<net::ByteStream> stream, const TunnelCredentials& credentials);

  net::Loop& loop_;
  const std::string address_;
  const std::string credentials_;
  std::shared_ptr<net::LastAddress> last_address_ = std::make_shared<net::LastAddress>();
  Callback callback_;
  std::unique_ptr<net::Dial> dial_;
  std::unique_ptr<CarrierHandshake> handshake_;
};

}  // namespace ferry::daemon
