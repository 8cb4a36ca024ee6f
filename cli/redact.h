// Taking secrets out of texts that are handed on.
#pragma once

#include <string>
#include <string_view>

namespace ferry::cli {

// The text without PEM blocks, users and passwords in URLs, Authorization values, values of what is
// called token, secret, password, key or so, JSON Web Tokens, and whatever looks like a key in
// base64 or hexadecimal (digests that say "sha256:" stay). Takes rather too much than too little.
std::string redacted(std::string_view text);

}  // namespace ferry::cli
