#include "kube/text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "kube/problems.h"

namespace ferry::kube {
namespace {

constexpr std::string_view kBase64Alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBlanks = " \t\r\n";

tl::unexpected<Error> file_error(const std::string& path, int error_number) {
  const bool missing = error_number == ENOENT || error_number == ENOTDIR;
  return fail(missing ? problem::kFileMissing : problem::kFileUnreadable, "reading " + path,
              std::strerror(error_number),
              missing ? "check the path" : "check the permissions of the file and its folders");
}

Result<std::string> read_descriptor(int descriptor, const std::string& path) {
  constexpr std::size_t kLargest = std::size_t{8} * 1024 * 1024;
  std::string text;
  std::array<char, 16384> chunk{};
  while (true) {
    const ssize_t n = read(descriptor, chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return file_error(path, errno);
    if (n == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(n));
    if (text.size() > kLargest) {
      return fail(problem::kFileTooLarge, "reading " + path, "larger than 8 MiB", "check the path");
    }
  }
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  // O_NONBLOCK: a FIFO that nobody writes to must not block for ever.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return file_error(path, errno);
  auto text = read_descriptor(descriptor, path);
  close(descriptor);
  return text;
}

Result<std::string> base64_decode(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned have = 0;
  std::size_t characters = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (kBlanks.find(c) != std::string_view::npos) continue;
    ++characters;
    if (c == '=') {
      ++padding;
      continue;
    }
    const auto value = kBase64Alphabet.find(c);
    if (value == std::string_view::npos || padding > 0) {
      return fail(problem::kValueMalformed, "", "not base64");
    }
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out += static_cast<char>((bits >> have) & 0xFFU);
  }
  if (characters % 4 != 0 || padding > 2) {
    return fail(problem::kValueMalformed, "", "not base64: cut short or wrongly padded");
  }
  return out;
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned have = 0;
  for (const char c : bytes) {
    bits = (bits << 8U) | static_cast<unsigned char>(c);
    for (have += 8; have >= 6; have -= 6) out += kBase64Alphabet[(bits >> (have - 6)) & 0x3FU];
  }
  if (have > 0) out += kBase64Alphabet[(bits << (6 - have)) & 0x3FU];
  while (out.size() % 4 != 0) out += '=';
  return out;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string enumerate(const std::vector<std::string>& names, std::string_view none) {
  if (names.empty()) return std::string(none);
  std::string out = names.front();
  for (std::size_t i = 1; i < names.size(); ++i) {
    out += i + 1 == names.size() ? " and " : ", ";
    out += names[i];
  }
  return out;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool fits_header(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

}  // namespace ferry::kube
