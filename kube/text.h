// Small helpers for files and encodings that the parts of kube/ share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ferry::kube {

// A whole file of at most 8 MiB. Errors: kNotFound, kIo; `what` is "reading PATH".
Result<std::string> read_file(const std::string& path);

// RFC 4648, section 4, with padding; line breaks and blanks are skipped, as Go's decoder does.
// Error: kInvalid with an empty `what`.
Result<std::string> base64_decode(std::string_view text);
std::string base64_encode(std::string_view bytes);

std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);
// The parts are views of `text`.
std::vector<std::string_view> split(std::string_view text, char separator);

// "a, b and c"; `none` if there are none.
std::string enumerate(const std::vector<std::string>& names, std::string_view none);

bool contains(std::string_view text, std::string_view part);

// Whether a text can be the value of an HTTP header: no control characters.
bool fits_header(std::string_view text);

}  // namespace ferry::kube
