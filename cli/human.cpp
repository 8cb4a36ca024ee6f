#include "cli/human.h"

#include <array>
#include <cstdio>

namespace ferry::cli {
namespace {

// One digit after the point below ten, none above.
std::string short_number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), value < 9.95 ? "%.1f" : "%.0f", value);
  return text.data();
}

}  // namespace

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 6> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1023.5 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return short_number(value) + " " + kUnits.at(unit);
}

std::string human_rate(std::uint64_t bytes_per_second) {
  return human_bytes(bytes_per_second) + "/s";
}

std::string human_age(std::int64_t milliseconds) {
  const std::int64_t seconds = milliseconds < 0 ? 0 : milliseconds / 1000;
  const std::int64_t minutes = seconds / 60;
  const std::int64_t hours = minutes / 60;
  if (seconds < 120) return std::to_string(seconds) + "s";
  if (minutes < 10) return std::to_string(minutes) + "m" + std::to_string(seconds % 60) + "s";
  if (minutes < 180) return std::to_string(minutes) + "m";
  if (hours < 8) return std::to_string(hours) + "h" + std::to_string(minutes % 60) + "m";
  if (hours < 48) return std::to_string(hours) + "h";
  return std::to_string(hours / 24) + "d";
}

std::string human_round_trip(std::uint64_t microseconds) {
  if (microseconds == 0) return "-";
  return short_number(static_cast<double>(microseconds) / 1000) + " ms";
}

std::string human_seconds(std::int64_t milliseconds) {
  return short_number(static_cast<double>(milliseconds < 0 ? 0 : milliseconds) / 1000) + " s";
}

}  // namespace ferry::cli
