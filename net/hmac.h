// The small cryptographic tools that proving one's identity takes.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace ferry::net {

// HMAC-SHA256 (RFC 2104). `key` and `data` may have any length.
std::array<std::uint8_t, 32> hmac_sha256(Bytes key, Bytes data);

// Fills `out` from the system's cryptographic generator. Aborts where that has nothing to give: no
// key may come into being then.
void fill_random(MutableBytes out);

}  // namespace ferry::net
