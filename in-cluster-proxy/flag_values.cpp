#include "in-cluster-proxy/flag_values.h"

#include "in-cluster-proxy/problems.h"

namespace ferry::proxy {

Result<Duration> parse_duration(const std::string& flag, const std::string& text) {
  const auto end = text.find_first_not_of("0123456789");
  const std::string unit = end == std::string::npos ? "" : text.substr(end);
  const std::string digits = text.substr(0, end);
  // Seven digits of hours fit a Duration many times over.
  if (!digits.empty() && digits.size() <= 7) {
    const long long count = std::stoll(digits);
    if (unit == "ms") return std::chrono::milliseconds(count);
    if (unit == "s" || (unit.empty() && count == 0)) return std::chrono::seconds(count);
    if (unit == "m") return std::chrono::minutes(count);
    if (unit == "h") return std::chrono::hours(count);
  }
  return fail(problem::kFlagInvalid, "reading " + flag + "=" + text, "it is not a duration",
              "write for example 90s, 15m or 4h");
}

Result<std::size_t> parse_size(const std::string& flag, const std::string& text) {
  const auto end = text.find_first_not_of("0123456789");
  const std::string unit = end == std::string::npos ? "" : text.substr(end);
  const std::string digits = text.substr(0, end);
  if (!digits.empty() && digits.size() <= 7) {
    const std::size_t count = std::stoul(digits);
    if (unit == "KiB") return count << 10;
    if (unit == "MiB") return count << 20;
    if (unit == "GiB") return count << 30;
  }
  return fail(problem::kFlagInvalid, "reading " + flag + "=" + text, "it is not a size",
              "write for example 96MiB");
}

}  // namespace ferry::proxy
