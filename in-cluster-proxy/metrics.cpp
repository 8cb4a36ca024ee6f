#include "in-cluster-proxy/metrics.h"

#include <string_view>

#include "base/prometheus.h"
#include "base/version.h"

namespace ferry::proxy {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(CarrierFate::kCount)> kCarriers = {
    "begun",       "resumed",   "not-tls", "certificate", "too-slow",
    "crowded-out", "not-ferry", "closed",  "no-room",     "resume-failed"};
constexpr std::array<std::string_view, static_cast<std::size_t>(SessionFate::kCount)> kSessions = {
    "protocol", "failed", "expired", "memory", "room", "replaced"};

template <std::size_t Size>
void by(PrometheusText& out, std::string_view label,
        const std::array<std::string_view, Size>& names,
        const std::array<std::uint64_t, Size>& values) {
  for (std::size_t i = 0; i < Size; ++i) out.sample(values[i], {{label, std::string(names[i])}});
}

}  // namespace

std::string prometheus_text(const Metrics& metrics, const Gauges& gauges) {
  PrometheusText out;
  const auto gauge = [&](std::string_view name, std::string_view help, std::size_t value) {
    out.gauge(name, help);
    out.sample(std::uint64_t{value});
  };
  gauge("ferry_proxy_carriers_waiting", "Connections within their greeting.", gauges.waiting);
  gauge("ferry_proxy_sessions", "Sessions with a tunnel.", gauges.attached);
  gauge("ferry_proxy_sessions_kept", "Sessions that wait for their daemon.", gauges.kept);
  gauge("ferry_proxy_streams", "Open streams.", gauges.streams);
  gauge("ferry_proxy_stream_memory_bytes", "Held for streams.", gauges.memory);
  out.gauge("ferry_proxy_build_info", "Always 1; the label tells the version.");
  out.sample(std::uint64_t{1}, {{"version", std::string(version())}});
  out.counter("ferry_proxy_carriers_total", "Connections on the tunnel port, by fate.");
  by(out, "fate", kCarriers, metrics.carriers);
  out.counter("ferry_proxy_sessions_ended_total", "Sessions that are over, by reason.");
  by(out, "reason", kSessions, metrics.sessions);
  out.counter("ferry_proxy_streams_opened_total", "Streams asked for.");
  out.sample(metrics.streams_opened);
  out.counter("ferry_proxy_streams_refused_total", "Streams that were refused.");
  out.sample(metrics.streams_refused);
  return out.take();
}

}  // namespace ferry::proxy
