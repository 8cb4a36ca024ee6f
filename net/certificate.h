// Keys and certificates for one installation: made here, carried as PEM.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ferry::net {

using WallTime = std::chrono::system_clock::time_point;

// A certificate and the private key that goes with it.
struct Identity {
  std::string certificate_pem;  // the leaf first, then any intermediates
  std::string key_pem;          // PKCS #8, not encrypted: never to be logged
};

enum class CertificateUse : std::uint8_t { kServer, kClient };

struct CertificateSpec {
  std::string common_name;         // at most 64 characters (RFC 5280, appendix A.1)
  std::vector<std::string> names;  // subjectAltName: DNS names and IP addresses
  WallTime not_before;             // leave room for a peer whose clock runs late
  WallTime not_after;
  CertificateUse use = CertificateUse::kServer;  // no meaning for an authority
};

// A self-signed certificate authority with an ECDSA P-256 key, that may sign leaves only. Errors:
// kInvalid (a name or the validity is off), kInternal.
Result<Identity> make_authority(const CertificateSpec& spec);

// An ECDSA P-256 key with a certificate from `authority`. Errors: as above; kInvalid as well where
// the authority doesn't parse.
Result<Identity> make_certificate(const CertificateSpec& spec, const Identity& authority);

// Of the first certificate in the text. Error: kInvalid.
Result<WallTime> expiry_of(std::string_view certificate_pem);

}  // namespace ferry::net
