#include "cli/redact.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace ferry::cli {
namespace {

constexpr std::string_view kRemoved = "[removed]";
constexpr std::size_t kShortestKey = 32;

constexpr std::array<std::string_view, 13> kSecretNames = {
    "token",   "secret",     "passw", "passphrase", "apikey",  "api-key",      "api_key",
    "api key", "credential", "key",   "cookie",     "session", "authorization"};

bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_quote(char c) { return c == '"' || c == '\'' || c == '\\'; }
bool is_name(char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; }
bool is_base64(char c) {
  return is_alnum(c) || c == '+' || c == '/' || c == '_' || c == '-' || c == '=';
}
bool is_hex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool is_secret_name(std::string_view name) {
  const std::string word = lower(name);
  return std::any_of(kSecretNames.begin(), kSecretNames.end(), [&](std::string_view secret) {
    return word.find(secret) != std::string::npos;
  });
}

// Also where its lines are joined by "\n", as in JSON. One without an end takes all the rest.
std::string without_pem(std::string_view text) {
  std::string out;
  for (;;) {
    const auto begin = text.find("-----BEGIN ");
    out += text.substr(0, begin);
    if (begin == std::string_view::npos) return out;
    out += kRemoved;
    const auto end = text.find("-----END ", begin);
    if (end == std::string_view::npos) return out;
    const auto last = text.find("-----", end + 9);
    if (last == std::string_view::npos) return out;
    text.remove_prefix(last + 5);
  }
}

std::string without_users_in_urls(std::string_view line) {
  std::string out;
  for (;;) {
    const auto scheme = line.find("://");
    if (scheme == std::string_view::npos) return out.append(line);
    out += line.substr(0, scheme + 3);
    line.remove_prefix(scheme + 3);
    const auto authority = line.substr(0, line.find_first_of("/?# \t\"'<>"));
    const auto at = authority.rfind('@');
    if (at == std::string_view::npos) continue;
    out += kRemoved;
    line.remove_prefix(at);
  }
}

// How much of the text a value takes: up to its closing quote, else up to a blank or a separator.
std::size_t value_length(std::string_view text, bool whole_line) {
  if (!text.empty() && (text.front() == '"' || text.front() == '\'')) {
    const auto end = text.find(text.front(), 1);
    return end == std::string_view::npos ? text.size() : end + 1;
  }
  return std::min(text.size(), text.find_first_of(whole_line ? "\"'\\" : " \t,;&)}]\"'\\"));
}

// "name: value", "name=value", "\"name\":\"value\"", "--name value"
std::string without_named_values(std::string_view line) {
  std::string out;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t begin = at;
    while (at < line.size() && is_name(line[at])) ++at;
    const auto name = line.substr(begin, at - begin);
    out += name;
    if (name.empty()) {
      out += line[at++];
      continue;
    }
    if (!is_secret_name(name)) continue;
    std::size_t value = at;
    while (value < line.size() && (is_quote(line[value]) || is_blank(line[value]))) ++value;
    const bool separated = value < line.size() && (line[value] == ':' || line[value] == '=');
    const bool flag = name.starts_with("--") && value > at;
    if (!separated && !flag) continue;
    if (separated) ++value;
    while (value < line.size() && (is_blank(line[value]) || line[value] == '\\')) ++value;
    const bool header = lower(name).ends_with("authorization") || lower(name).ends_with("cookie");
    const std::size_t length = value_length(line.substr(value), header);
    if (length == 0) continue;
    out.append(line.substr(at, value - at)).append(kRemoved);
    at = value + length;
  }
  return out;
}

bool looks_like_a_key(std::string_view word, std::string_view before) {
  if (word.starts_with("eyJ") && word.size() >= 20) return true;
  if (word.size() < kShortestKey || before.ends_with("sha256:")) return false;
  if (std::all_of(word.begin(), word.end(), is_hex)) return true;
  bool small = false;
  bool capital = false;
  bool digit = false;
  for (const char c : word) {
    small = small || (c >= 'a' && c <= 'z');
    capital = capital || (c >= 'A' && c <= 'Z');
    digit = digit || (c >= '0' && c <= '9');
  }
  return small && capital && digit;
}

// Also what follows "Bearer" and "Basic".
std::string without_keys(std::string_view line) {
  std::string out;
  bool credential = false;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t begin = at;
    while (at < line.size() && (is_base64(line[at]) || line[at] == '.')) ++at;
    const auto word = line.substr(begin, at - begin);
    if (word.empty()) {
      out += line[at++];
      continue;
    }
    // Of a sentence's end or a file's name the parts are looked at, of a token the whole.
    const bool token = word.starts_with("eyJ");
    const auto part = token ? word : word.substr(0, std::max<std::size_t>(1, word.find('.')));
    at = begin + part.size();
    const bool remove =
        (credential && part.size() >= 6) || looks_like_a_key(part, line.substr(0, begin));
    out += remove ? kRemoved : part;
    const std::string small = lower(part);
    credential = small == "bearer" || small == "basic";
  }
  return out;
}

}  // namespace

std::string redacted(std::string_view text) {
  const std::string whole = without_pem(text);
  std::string out;
  std::string_view rest = whole;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    out += without_keys(without_named_values(without_users_in_urls(line)));
    if (end == std::string_view::npos) break;
    out += '\n';
    rest.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace ferry::cli
