#include "tunnel/io/resume_proof.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace ferry::tunnel {

Proof resume_proof(const Secret& secret, Bytes exporter) {
  Proof proof{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), exporter.data(),
       exporter.size(), proof.data(), &size);
  return proof;
}

}  // namespace ferry::tunnel
