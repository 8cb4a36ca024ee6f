#include "net/http_head.h"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

namespace ferry::net {
namespace {

using Malformed = tl::unexpected<std::string>;

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// "HTTP/1.1 404 Not Found"
bool parse_status_line(std::string_view line, HttpHead& head) {
  constexpr std::size_t kStatusAt = 9;
  constexpr std::size_t kReasonAt = 12;
  if (line.size() < kReasonAt || !line.starts_with("HTTP/1.") || line[kStatusAt - 1] != ' ') {
    return false;
  }
  const char* const begin = line.data() + kStatusAt;
  const char* const end = line.data() + kReasonAt;
  const auto [stop, error] = std::from_chars(begin, end, head.status);
  head.reason = trim(line.substr(kReasonAt));
  return error == std::errc{} && stop == end && head.status >= 100;
}

// The data of a chunked body (RFC 9112, section 7.1) as far as it has come.
struct Dechunked {
  std::string data;
  bool complete = false;
};

Dechunked dechunk(std::string_view received) {
  Dechunked body;
  while (true) {
    const auto line_end = received.find("\r\n");
    std::size_t size = 0;
    if (line_end == std::string_view::npos) return body;
    const auto [stop, error] =
        std::from_chars(received.data(), received.data() + line_end, size, 16);
    body.complete = error != std::errc{} || size == 0;  // what is malformed ends it as well
    if (body.complete) return body;
    received.remove_prefix(line_end + 2);
    body.data += received.substr(0, size);
    if (received.size() < 2 || size > received.size() - 2) return body;
    received.remove_prefix(size + 2);
  }
}

}  // namespace

std::string_view HttpHead::find(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const auto& header) { return header.first == name; });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::string HttpHead::status_line() const {
  return "HTTP " + std::to_string(status) + (reason.empty() ? "" : " " + reason);
}

tl::expected<std::optional<HttpHead>, std::string> parse_http_head(std::string_view received) {
  constexpr std::string_view kStart = "HTTP/1.";
  if (received.substr(0, kStart.size()) != kStart.substr(0, received.size())) {
    return Malformed("the answer is not HTTP");
  }
  const auto end = received.substr(0, kMaxHttpHead).find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (received.size() >= kMaxHttpHead) return Malformed("the answer's head is too long");
    return std::optional<HttpHead>();
  }
  HttpHead head;
  head.size = end + 4;
  std::string_view rest = received.substr(0, end + 2);
  bool first = true;
  while (!rest.empty()) {
    const auto line_end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, line_end);
    rest.remove_prefix(line_end + 2);
    if (std::exchange(first, false)) {
      if (!parse_status_line(line, head)) return Malformed("the answer's first line is malformed");
      continue;
    }
    const auto colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos) {
      return Malformed("a header of the answer is malformed");
    }
    head.headers.emplace_back(to_lower(line.substr(0, colon)), trim(line.substr(colon + 1)));
  }
  return head;
}

std::optional<std::string> http_body(const HttpHead& head, std::string_view received, bool ended,
                                     std::size_t limit) {
  const std::string_view raw = received.substr(head.size);
  if (to_lower(head.find("transfer-encoding")).ends_with("chunked")) {
    Dechunked body = dechunk(raw);
    if (!body.complete && !ended && body.data.size() < limit) return std::nullopt;
    body.data.resize(std::min(body.data.size(), limit));
    return std::move(body.data);
  }
  std::size_t size = limit;
  if (const auto length = head.find("content-length"); !length.empty()) {
    std::size_t stated = 0;
    const auto [stop, error] =
        std::from_chars(length.data(), length.data() + length.size(), stated);
    if (error == std::errc{}) size = std::min(stated, limit);
  }
  if (raw.size() < size && !ended) return std::nullopt;
  return std::string(raw.substr(0, size));
}

bool fits_on_a_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string base64(Bytes data) {
  std::string text((data.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), data.data(),
                                   static_cast<int>(data.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

}  // namespace ferry::net
