#include "daemon/control/sse_parser.h"

#include "daemon/control/limits.h"

namespace ferry::control {

bool SseParser::feed(std::string_view bytes, const std::function<bool(std::string_view)>& on_data) {
  constexpr std::string_view kData = "data: ";
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    if (line_.size() > kMaxBody) return false;
    if (end == std::string_view::npos) return true;
    bytes.remove_prefix(end + 1);
    const std::string line = std::move(line_);
    line_.clear();
    if (!line.starts_with(kData)) continue;
    if (!on_data(std::string_view(line).substr(kData.size()))) return false;
  }
  return true;
}

}  // namespace ferry::control
