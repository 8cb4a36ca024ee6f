// What has to be known of a client certificate before it is sent (a server's answer to a bad one is
// a TLS alert that says next to nothing), and the times by which credentials expire.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace ferry::kube {

// Whether the key is the certificate's. Errors: kInvalid (no key, another one's), kUnsupported (an
// encrypted key), with an empty `what`.
Status check_key(const std::string& certificate_pem, const std::string& key_pem);

// "2026-11-20T16:35:38Z", with fractions and offsets, in seconds since 1970 (RFC 3339). Error:
// kInvalid with an empty `what`.
Result<std::int64_t> parse_time(const std::string& text);
// As "2026-11-20T16:35:38Z".
std::string rfc3339_time(std::int64_t seconds);
// As "2026-11-20 16:35:38 UTC".
std::string format_time(std::int64_t seconds);

}  // namespace ferry::kube
