// Metrics as Prometheus reads them: the text format, version 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/).
//
// Names follow https://prometheus.io/docs/practices/naming/: base units (seconds, bytes) as a
// suffix, `_total` behind the name of a counter alone, `_info` for a constant 1 with labels.
// tests/e2e/prometheus.py checks that of both programs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry {

class PrometheusText {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string>>;

  // Begin a metric, whose samples follow. `help`: a sentence, without line breaks.
  void counter(std::string_view name, std::string_view help) { begin(name, "counter", help); }
  void gauge(std::string_view name, std::string_view help) { begin(name, "gauge", help); }

  // Label values may hold anything.
  void sample(std::uint64_t value, const Labels& labels = {});
  void sample(double value, const Labels& labels = {});

  std::string take() { return std::move(text_); }

 private:
  void begin(std::string_view name, std::string_view type, std::string_view help);
  void line(const std::string& value, const Labels& labels);

  std::string text_;
  std::string name_;  // of the metric that was begun last
};

}  // namespace ferry
