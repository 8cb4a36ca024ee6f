// Inside of TlsContext. Included by sources of net/ only.
#pragma once

#include "net/openssl.h"
#include "net/tls.h"

namespace ferry::net {

struct TlsContext::State {
  SslContextPtr ssl;
  bool server = false;
  bool checks_name = false;
};

}  // namespace ferry::net
