// Bytes as text: RFC 4648, section 4, with padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ferry {

std::string base64_encoded(std::string_view bytes);

// Nothing when the text is no base64: other characters, line breaks too, or no padding.
std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace ferry
