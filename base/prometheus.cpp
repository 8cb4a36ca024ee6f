#include "base/prometheus.h"

namespace ferry {
namespace {

std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return out;
}

}  // namespace

void PrometheusText::begin(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
  text_.append(name).append(" ").append(type).append("\n");
}

void PrometheusText::sample(std::uint64_t value, const Labels& labels) {
  line(std::to_string(value), labels);
}

void PrometheusText::sample(double value, const Labels& labels) {
  line(std::to_string(value), labels);
}

void PrometheusText::line(const std::string& value, const Labels& labels) {
  std::string inside;
  for (const auto& [name, text] : labels) {
    inside.append(inside.empty() ? "" : ",").append(name).append("=\"");
    inside.append(escaped(text)).append("\"");
  }
  text_.append(name_);
  if (!inside.empty()) text_.append("{").append(inside).append("}");
  text_.append(" ").append(value).append("\n");
}

}  // namespace ferry
