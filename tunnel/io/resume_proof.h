// How a daemon proves that a new carrier is for the session it names: it knows the session's
// secret, and the proof is bound to this one TLS connection, so that it is worth nothing on
// another.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/bytes.h"
#include "tunnel/types.h"

namespace ferry::tunnel {

// The keying material of the carrier's TLS connection that goes into the proof (RFC 8446, section
// 7.5; RFC 5705).
inline constexpr std::string_view kResumeExporterLabel = "EXPORTER-ferry-resume";
inline constexpr std::size_t kResumeExporterBytes = 32;

// HMAC-SHA256(secret, exporter).
Proof resume_proof(const Secret& secret, Bytes exporter);

}  // namespace ferry::tunnel
