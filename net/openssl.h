// OpenSSL's objects with owners, and its words. Included by sources of net/ only.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ferry::net {

template <auto Free>
struct OpensslFree {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
template <typename T, auto Free>
using OpensslPtr = std::unique_ptr<T, OpensslFree<Free>>;

using BioPtr = OpensslPtr<BIO, &BIO_free_all>;
using KeyPtr = OpensslPtr<EVP_PKEY, &EVP_PKEY_free>;
using CertificatePtr = OpensslPtr<X509, &X509_free>;
using SslPtr = OpensslPtr<SSL, &SSL_free>;
using SslContextPtr = OpensslPtr<SSL_CTX, &SSL_CTX_free>;

// Takes the oldest error off this thread's queue, empties the queue and returns the error's reason
// ("no start line"); `otherwise` where there is none.
std::string take_openssl_words(std::string_view otherwise);

// All certificates of a PEM text; at least one. Error: kInvalid, with `what`.
Result<std::vector<CertificatePtr>> read_certificates(std::string_view pem,
                                                      const std::string& what);
// An unencrypted private key. Error: kInvalid, with `what`.
Result<KeyPtr> read_key(std::string_view pem, const std::string& what);

}  // namespace ferry::net
