#include "base/prometheus.h"

#include <gtest/gtest.h>

namespace ferry {
namespace {

TEST(PrometheusTextTest, AMetricIsItsHelpItsTypeAndItsSamples) {
  PrometheusText text;
  text.counter("a_bytes_total", "Bytes of all kinds.");
  text.sample(std::uint64_t{7}, {{"kind", "x"}, {"way", "in"}});
  text.gauge("b_seconds", "A time.");
  text.sample(0.25);
  EXPECT_EQ(text.take(),
            "# HELP a_bytes_total Bytes of all kinds.\n"
            "# TYPE a_bytes_total counter\n"
            "a_bytes_total{kind=\"x\",way=\"in\"} 7\n"
            "# HELP b_seconds A time.\n"
            "# TYPE b_seconds gauge\n"
            "b_seconds 0.250000\n");
}

TEST(PrometheusTextTest, LabelsHoldAnything) {
  PrometheusText text;
  text.gauge("a", "Something.");
  text.sample(std::uint64_t{1}, {{"label", "a\"b\\c\nd"}});
  EXPECT_NE(text.take().find(R"(a{label="a\"b\\c\nd"} 1)"), std::string::npos);
}

}  // namespace
}  // namespace ferry
