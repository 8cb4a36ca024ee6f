// Inside of TlsContext. Included by sources of net/ only.
#pragma once

#include <optional>

#include "net/openssl.h"
#include "net/tls.h"

namespace ferry::net {

struct TlsContext::State {
  SslContextPtr ssl;
  bool server = false;
  bool checks_name = false;
  bool has_authorities = false;
  std::optional<Fingerprint> pinned;
};

}  // namespace ferry::net
