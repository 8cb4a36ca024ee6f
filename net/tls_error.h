// OpenSSL's failures as errors of Ferry. Included by sources of net/ only.
#pragma once

#include <string>

#include "base/error.h"
#include "net/openssl.h"

namespace ferry::net {

// Why `ssl` failed just now, from this thread's error queue. `peer`: how the text calls it.
Error tls_error(const SSL* ssl, const std::string& peer);

}  // namespace ferry::net
