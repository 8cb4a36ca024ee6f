#include "tunnel/io/resume_proof.h"

#include "net/hmac.h"

namespace ferry::tunnel {

Proof resume_proof(const Secret& secret, Bytes exporter) {
  return net::hmac_sha256(secret, exporter);
}

}  // namespace ferry::tunnel
