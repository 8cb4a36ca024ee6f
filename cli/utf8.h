// Whether bytes are UTF-8 (RFC 3629), which is what JSON can carry.
#pragma once

#include <string>

namespace ferry::cli {

bool is_utf8(const std::string& text);

}  // namespace ferry::cli
