#include "daemon/control/metrics.h"

#include <functional>
#include <map>

namespace ferry::control {
namespace {

std::string escaped(const std::string& value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string label(const std::string& name, const std::string& value) {
  return name + "=\"" + escaped(value) + "\"";
}

std::string labels(const LinkStatus& link) {
  return label("link", link.id) + "," + label("target", to_string(link.target)) + "," +
         label("namespace", link.kube_namespace);
}

std::string labels(const TunnelStatus& tunnel) {
  return label("tunnel", tunnel.id) + "," + label("route", std::string(name_of(tunnel.route)));
}

void head(std::string& out, const std::string& name, const char* type, const char* help) {
  out += "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

void sample(std::string& out, const std::string& name, const std::string& with,
            const std::string& value) {
  out += name + (with.empty() ? "" : "{" + with + "}") + " " + value + "\n";
}

// One metric with a sample for each item.
template <typename Item>
void each(std::string& out, const std::vector<Item>& items, const char* name, const char* type,
          const char* help, const std::function<std::string(const Item&)>& value) {
  if (items.empty()) return;
  head(out, name, type, help);
  for (const auto& item : items) sample(out, name, labels(item), value(item));
}

void link_metrics(std::string& out, const std::vector<LinkStatus>& links) {
  const auto metric = [&](const char* name, const char* type, const char* help,
                          std::uint64_t Traffic::*member) {
    each<LinkStatus>(out, links, name, type, help, [member](const LinkStatus& link) {
      return std::to_string(link.traffic.*member);
    });
  };
  each<LinkStatus>(out, links, "ferry_link_up", "gauge", "1 while the link is active.",
                   [](const LinkStatus& link) {
                     return std::string(link.state == LinkState::kActive ? "1" : "0");
                   });
  metric("ferry_link_connections", "gauge", "Open connections.", &Traffic::open_connections);
  metric("ferry_link_connections_total", "counter", "Connections accepted.",
         &Traffic::total_connections);
  metric("ferry_link_connection_failures_total", "counter", "Connections that reached no target.",
         &Traffic::failed_connections);
  metric("ferry_link_sent_bytes_total", "counter", "Bytes toward the cluster.",
         &Traffic::bytes_sent);
  metric("ferry_link_received_bytes_total", "counter", "Bytes from the cluster.",
         &Traffic::bytes_received);
}

void tunnel_metrics(std::string& out, const std::vector<TunnelStatus>& tunnels) {
  each<TunnelStatus>(out, tunnels, "ferry_tunnel_up", "gauge", "1 while the tunnel is ready.",
                     [](const TunnelStatus& tunnel) {
                       return std::string(tunnel.state == TunnelState::kReady ? "1" : "0");
                     });
  each<TunnelStatus>(out, tunnels, "ferry_tunnel_reconnects_total", "counter",
                     "How often the tunnel was connected again.",
                     [](const TunnelStatus& tunnel) { return std::to_string(tunnel.reconnects); });
  each<TunnelStatus>(
      out, tunnels, "ferry_tunnel_sessions_lost_total", "counter",
      "Sessions that were refused, or ended with the streams that they had.",
      [](const TunnelStatus& tunnel) { return std::to_string(tunnel.sessions_lost); });
  each<TunnelStatus>(out, tunnels, "ferry_tunnel_streams", "gauge", "Open streams.",
                     [](const TunnelStatus& tunnel) { return std::to_string(tunnel.streams); });
  each<TunnelStatus>(
      out, tunnels, "ferry_tunnel_round_trip_seconds", "gauge",
      "Last measured round trip, 0 while unknown.", [](const TunnelStatus& tunnel) {
        return std::to_string(static_cast<double>(tunnel.round_trip_microseconds) / 1e6);
      });
}

}  // namespace

std::string prometheus_text(const DaemonStatus& status) {
  std::string out;
  head(out, "ferry_build_info", "gauge", "Always 1; the label tells the version.");
  sample(out, "ferry_build_info", label("version", status.version), "1");
  head(out, "ferry_start_time_seconds", "gauge", "When the daemon started, as Unix time.");
  sample(out, "ferry_start_time_seconds", "", std::to_string(status.started / 1000));
  head(out, "ferry_links", "gauge", "Number of links.");
  sample(out, "ferry_links", "", std::to_string(status.links.size()));
  link_metrics(out, status.links);
  tunnel_metrics(out, status.tunnels);
  return out;
}

}  // namespace ferry::control
