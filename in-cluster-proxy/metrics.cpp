#include "in-cluster-proxy/metrics.h"

#include <string_view>

#include "base/version.h"

namespace ferry::proxy {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(CarrierFate::kCount)> kCarriers = {
    "begun",       "resumed",   "not-tls", "certificate", "too-slow",
    "crowded-out", "not-ferry", "closed",  "no-room",     "resume-failed"};
constexpr std::array<std::string_view, static_cast<std::size_t>(SessionFate::kCount)> kSessions = {
    "protocol", "failed", "expired", "memory", "room", "replaced"};

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
  out.append(name).append(" ").append(type).append("\n");
}

void metric(std::string& out, std::string_view name, std::string_view type, std::string_view help,
            std::uint64_t value) {
  head(out, name, type, help);
  out.append(name).append(" ").append(std::to_string(value)).append("\n");
}

template <std::size_t Size>
void by(std::string& out, std::string_view name, std::string_view label,
        const std::array<std::string_view, Size>& names,
        const std::array<std::uint64_t, Size>& values) {
  for (std::size_t i = 0; i < Size; ++i) {
    out.append(name).append("{").append(label).append("=\"").append(names[i]).append("\"} ");
    out.append(std::to_string(values[i])).append("\n");
  }
}

}  // namespace

std::string prometheus_text(const Metrics& metrics, const Gauges& gauges) {
  std::string out;
  head(out, "ferry_proxy_build_info", "gauge", "Always 1; the label tells the version.");
  out.append("ferry_proxy_build_info{version=\"").append(version()).append("\"} 1\n");
  head(out, "ferry_proxy_carriers_total", "counter", "Connections on the tunnel port, by fate.");
  by(out, "ferry_proxy_carriers_total", "fate", kCarriers, metrics.carriers);
  head(out, "ferry_proxy_sessions_ended_total", "counter", "Sessions that are over, by reason.");
  by(out, "ferry_proxy_sessions_ended_total", "reason", kSessions, metrics.sessions);
  metric(out, "ferry_proxy_streams_total", "counter", "Streams asked for.", metrics.streams_opened);
  metric(out, "ferry_proxy_streams_refused_total", "counter", "Streams that were refused.",
         metrics.streams_refused);
  metric(out, "ferry_proxy_carriers_waiting", "gauge", "Connections within their greeting.",
         gauges.waiting);
  metric(out, "ferry_proxy_sessions", "gauge", "Sessions with a tunnel.", gauges.attached);
  metric(out, "ferry_proxy_sessions_kept", "gauge", "Sessions that wait for their daemon.",
         gauges.kept);
  metric(out, "ferry_proxy_streams", "gauge", "Open streams.", gauges.streams);
  metric(out, "ferry_proxy_stream_memory_bytes", "gauge", "Held for streams.", gauges.memory);
  return out;
}

}  // namespace ferry::proxy
