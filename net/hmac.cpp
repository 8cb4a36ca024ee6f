#include "net/hmac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstdlib>

namespace ferry::net {

std::array<std::uint8_t, 32> hmac_sha256(Bytes key, Bytes data) {
  std::array<std::uint8_t, 32> mac = {};
  static constexpr std::uint8_t kNothing = 0;  // OpenSSL takes a null key as "the one of before"
  const auto* const key_data = key.empty() ? &kNothing : key.data();
  if (HMAC(EVP_sha256(), key_data, static_cast<int>(key.size()), data.data(), data.size(),
           mac.data(), nullptr) == nullptr) {
    std::abort();
  }
  return mac;
}

void fill_random(MutableBytes out) {
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) std::abort();
}

}  // namespace ferry::net
