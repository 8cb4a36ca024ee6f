#include "daemon/control/metrics.h"

#include "base/prometheus.h"

namespace ferry::control {
namespace {

using Labels = PrometheusText::Labels;

Labels labels(const LinkStatus& link) {
  return {
      {"link", link.id}, {"target", to_string(link.target)}, {"namespace", link.kube_namespace}};
}

Labels labels(const TunnelStatus& tunnel) {
  return {{"tunnel", tunnel.id}, {"route", std::string(name_of(tunnel.route))}};
}

double seconds(UnixMillis time) { return static_cast<double>(time) / 1000; }

// A sample for each item, of the metric that was begun; value(item) gives a whole or a real number.
template <typename Item, typename Value>
void each(PrometheusText& out, const std::vector<Item>& items, Value value) {
  for (const auto& item : items) out.sample(value(item), labels(item));
}

void link_metrics(PrometheusText& out, const std::vector<LinkStatus>& links) {
  const auto traffic = [&](std::uint64_t Traffic::*member) {
    each(out, links, [member](const LinkStatus& link) { return link.traffic.*member; });
  };
  out.gauge("ferry_link_up", "1 while the link is active.");
  each(out, links, [](const LinkStatus& link) {
    return std::uint64_t{link.state == LinkState::kActive ? 1U : 0U};
  });
  out.gauge("ferry_link_last_success_timestamp_seconds",
            "When the link was last known to work from end to end, as Unix time; 0: never.");
  each(out, links, [](const LinkStatus& link) { return seconds(link.test.passed); });
  out.gauge("ferry_link_connections", "Open connections.");
  traffic(&Traffic::open_connections);
  out.counter("ferry_link_connections_accepted_total", "Connections accepted.");
  traffic(&Traffic::total_connections);
  out.counter("ferry_link_connection_failures_total", "Connections that reached no target.");
  traffic(&Traffic::failed_connections);
  out.counter("ferry_link_sent_bytes_total", "Bytes toward the cluster.");
  traffic(&Traffic::bytes_sent);
  out.counter("ferry_link_received_bytes_total", "Bytes from the cluster.");
  traffic(&Traffic::bytes_received);
}

void tunnel_metrics(PrometheusText& out, const std::vector<TunnelStatus>& tunnels) {
  out.gauge("ferry_tunnel_up", "1 while the tunnel is ready.");
  each(out, tunnels, [](const TunnelStatus& tunnel) {
    return std::uint64_t{tunnel.state == TunnelState::kReady ? 1U : 0U};
  });
  out.counter("ferry_tunnel_reconnects_total", "How often the tunnel was connected again.");
  each(out, tunnels, [](const TunnelStatus& tunnel) { return tunnel.reconnects; });
  out.counter("ferry_tunnel_sessions_lost_total",
              "Sessions that were refused, or ended with the streams that they had.");
  each(out, tunnels, [](const TunnelStatus& tunnel) { return tunnel.sessions_lost; });
  out.gauge("ferry_tunnel_streams", "Open streams.");
  each(out, tunnels, [](const TunnelStatus& tunnel) { return tunnel.streams; });
  out.gauge("ferry_tunnel_round_trip_seconds", "Last measured round trip, 0 while unknown.");
  each(out, tunnels, [](const TunnelStatus& tunnel) {
    return static_cast<double>(tunnel.round_trip_microseconds) / 1e6;
  });
}

}  // namespace

std::string prometheus_text(const DaemonStatus& status) {
  PrometheusText out;
  out.gauge("ferry_build_info", "Always 1; the label tells the version.");
  out.sample(std::uint64_t{1}, {{"version", status.version}});
  out.gauge("ferry_start_time_seconds", "When the daemon started, as Unix time.");
  out.sample(seconds(status.started));
  out.gauge("ferry_links", "Number of links.");
  out.sample(std::uint64_t{status.links.size()});
  if (!status.links.empty()) link_metrics(out, status.links);
  if (!status.tunnels.empty()) tunnel_metrics(out, status.tunnels);
  return out.take();
}

}  // namespace ferry::control
