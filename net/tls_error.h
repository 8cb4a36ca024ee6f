// OpenSSL's failures as errors of Ferry. Included by sources of net/ only.
#pragma once

#include <string>

#include "base/error.h"
#include "net/openssl.h"

namespace ferry::net {

// Why `ssl` failed just now, from this thread's error queue. `peer`: how the text calls it.
// `shown_names`: what remember_names() left.
Error tls_error(const SSL* ssl, const std::string& peer, const std::string& shown_names);

// A verification callback for SSL_set_verify(): leaves the names in the peer's certificate in the
// std::string that the connection's ex_data 0 points to, as OpenSSL forgets a certificate
// that it refuses. Changes no verdict.
int remember_names(int verdict, X509_STORE_CTX* check);

}  // namespace ferry::net
