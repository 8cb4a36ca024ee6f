// The head of an HTTP/1.1 response, and what surrounds a request. Included by sources of net/ only.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace ferry::net {

constexpr std::size_t kMaxHttpHead = std::size_t{64} * 1024;

struct HttpHead {
  int status = 0;
  std::string reason;                                        // may be empty
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::size_t size = 0;  // bytes of the head, the empty line included

  // The first header of that name (lower case); empty: there is none.
  std::string_view find(std::string_view name) const;
  std::string status_line() const;  // "HTTP 404 Not Found"
};

// Empty: more is needed. Error: why it is no head of a response.
tl::expected<std::optional<HttpHead>, std::string> parse_http_head(std::string_view received);

// The body of a response that came to its end, or `limit` bytes of it. Empty: more is needed.
// `ended`: nothing more will come, so what is there is the body.
std::optional<std::string> http_body(const HttpHead& head, std::string_view received, bool ended,
                                     std::size_t limit);

// Whether a text can stand on one line of a request.
bool fits_on_a_line(std::string_view text);

std::string to_lower(std::string_view text);
std::string base64(Bytes data);

}  // namespace ferry::net
