// Statuses, events and errors <-> JSON.
#include <array>
#include <ctime>

#include "daemon/control/json.h"
#include "daemon/control/json_parts.h"
#include "daemon/control/json_reader.h"
#include "daemon/control/problems.h"

namespace ferry::control {
namespace {

Json optional_error(const std::optional<Error>& error) {
  return error ? control::to_json(*error) : Json(nullptr);
}

Json to_json(const PortStatus& port) {
  Json json = {
      {"local", port.local}, {"remote", to_string(port.remote)}, {"addresses", port.addresses}};
  json["remotePort"] = port.remote_port;
  json["targetPort"] = port.target_port;
  return json;
}

Json to_json(const Traffic& traffic) {
  return {{"openConnections", traffic.open_connections},
          {"totalConnections", traffic.total_connections},
          {"failedConnections", traffic.failed_connections},
          {"bytesSent", traffic.bytes_sent},
          {"bytesReceived", traffic.bytes_received},
          {"bytesSentPerSecond", traffic.bytes_sent_per_second},
          {"bytesReceivedPerSecond", traffic.bytes_received_per_second}};
}

Json to_json(const SelfTest& test) {
  return {{"tested", time_to_json(test.tested)},
          {"passed", time_to_json(test.passed)},
          {"way", test.way},
          {"error", optional_error(test.error)},
          {"underWay", test.under_way}};
}

PortRef port_ref(const std::string& text) {
  const bool numeric = !text.empty() && text.size() <= 5 &&
                       text.find_first_not_of("0123456789") == std::string::npos;
  if (!numeric) return PortRef{.name = text};
  return PortRef{.number = static_cast<std::uint16_t>(std::stoul(text))};
}

Result<PortStatus> port_status_from_json(const Json& json, const std::string& path) {
  JsonReader reader(json, path);
  PortStatus port;
  std::string remote;
  reader.number("local", port.local);
  reader.text("remote", remote);
  reader.number("remotePort", port.remote_port);
  reader.number("targetPort", port.target_port);
  reader.texts("addresses", port.addresses, kMaxAddresses);
  port.remote = port_ref(remote);
  return reader.finish(std::move(port));
}

Result<Traffic> traffic_at(const Json& json, const std::string& path) {
  JsonReader reader(json, path);
  Traffic traffic;
  reader.number("openConnections", traffic.open_connections);
  reader.number("totalConnections", traffic.total_connections);
  reader.number("failedConnections", traffic.failed_connections);
  reader.number("bytesSent", traffic.bytes_sent);
  reader.number("bytesReceived", traffic.bytes_received);
  reader.number("bytesSentPerSecond", traffic.bytes_sent_per_second);
  reader.number("bytesReceivedPerSecond", traffic.bytes_received_per_second);
  return reader.finish(traffic);
}

Result<SelfTest> self_test_at(const Json& json, const std::string& path) {
  JsonReader reader(json, path);
  SelfTest test;
  reader.time("tested", test.tested);
  reader.time("passed", test.passed);
  reader.text("way", test.way);
  reader.error("error", test.error);
  reader.flag("underWay", test.under_way);
  return reader.finish(std::move(test));
}

Result<LinkStatus> link_at(const Json& json, const std::string& path) {
  JsonReader reader(json, path);
  LinkStatus link;
  reader.text("id", link.id);
  reader.nested("target", link.target, target_at);
  reader.text("context", link.context);
  reader.text("namespace", link.kube_namespace);
  reader.list("ports", link.ports, kMaxPorts, port_status_from_json);
  reader.name("route", link.route, Route::kAddr);
  reader.text("tunnel", link.tunnel);
  reader.flag("detached", link.detached);
  reader.name("state", link.state, LinkState::kEnding);
  reader.text("reason", link.reason);
  reader.time("since", link.since);
  reader.time("created", link.created);
  reader.nested("traffic", link.traffic, traffic_at);
  reader.nested("test", link.test, self_test_at);
  reader.error("lastError", link.last_error);
  reader.nested("swap", link.swap, swap_status_at);
  return reader.finish(std::move(link));
}

Result<TunnelStatus> tunnel_at(const Json& json, const std::string& path) {
  JsonReader reader(json, path);
  TunnelStatus tunnel;
  reader.text("id", tunnel.id);
  reader.name("route", tunnel.route, Route::kAddr);
  reader.text("context", tunnel.context);
  reader.text("namespace", tunnel.kube_namespace);
  reader.text("peer", tunnel.peer);
  reader.name("state", tunnel.state, TunnelState::kClosed);
  reader.text("reason", tunnel.reason);
  reader.time("since", tunnel.since);
  reader.number("reconnects", tunnel.reconnects);
  reader.number("sessionsLost", tunnel.sessions_lost);
  reader.number("roundTripMicroseconds", tunnel.round_trip_microseconds);
  reader.number("streams", tunnel.streams);
  reader.number("bytesSent", tunnel.bytes_sent);
  reader.number("bytesReceived", tunnel.bytes_received);
  reader.error("lastError", tunnel.last_error);
  return reader.finish(std::move(tunnel));
}

}  // namespace

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Json> parse_json(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return fail(problem::kJsonInvalid, "reading JSON",
                "it is longer than " + std::to_string(max_bytes) + " bytes");
  }
  try {
    return Json::parse(text);
  } catch (const Json::exception& e) {
    return fail(problem::kJsonInvalid, "reading JSON", e.what());
  }
}

Json time_to_json(UnixMillis time) {
  if (time <= 0) return nullptr;
  const std::time_t seconds = time / 1000;
  std::tm tm{};
  std::array<char, 32> text{};
  gmtime_r(&seconds, &tm);
  const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &tm);
  const std::string millis = std::to_string(1000 + time % 1000).substr(1);
  return std::string(text.data(), length) + "." + millis + "Z";
}

Json to_json(const Error& error) {
  return {{"code", name_of(error.code)},
          {"id", error.id},
          {"what", error.what},
          {"why", error.why},
          {"fix", error.fix}};
}

Json to_json(const LinkStatus& link) {
  Json ports = Json::array();
  for (const auto& port : link.ports) ports.push_back(to_json(port));
  return {{"id", link.id},
          {"target", to_json(link.target)},
          {"context", link.context},
          {"namespace", link.kube_namespace},
          {"ports", std::move(ports)},
          {"route", name_of(link.route)},
          {"tunnel", link.tunnel},
          {"detached", link.detached},
          {"state", name_of(link.state)},
          {"reason", link.reason},
          {"since", time_to_json(link.since)},
          {"created", time_to_json(link.created)},
          {"traffic", to_json(link.traffic)},
          {"test", to_json(link.test)},
          {"lastError", optional_error(link.last_error)},
          {"swap", link.swap ? to_json(*link.swap) : Json(nullptr)}};
}

Json to_json(const TunnelStatus& tunnel) {
  return {{"id", tunnel.id},
          {"route", name_of(tunnel.route)},
          {"context", tunnel.context},
          {"namespace", tunnel.kube_namespace},
          {"peer", tunnel.peer},
          {"state", name_of(tunnel.state)},
          {"reason", tunnel.reason},
          {"since", time_to_json(tunnel.since)},
          {"reconnects", tunnel.reconnects},
          {"sessionsLost", tunnel.sessions_lost},
          {"roundTripMicroseconds", tunnel.round_trip_microseconds},
          {"streams", tunnel.streams},
          {"bytesSent", tunnel.bytes_sent},
          {"bytesReceived", tunnel.bytes_received},
          {"lastError", optional_error(tunnel.last_error)}};
}

Json to_json(const DaemonStatus& status) {
  Json links = Json::array();
  for (const auto& link : status.links) links.push_back(to_json(link));
  Json tunnels = Json::array();
  for (const auto& tunnel : status.tunnels) tunnels.push_back(to_json(tunnel));
  return {{"version", status.version},
          {"pid", status.pid},
          {"started", time_to_json(status.started)},
          {"socket", status.socket},
          {"logFile", status.log_file},
          {"links", std::move(links)},
          {"tunnels", std::move(tunnels)}};
}

Json to_json(const Event& event) {
  return {{"kind", name_of(event.kind)},
          {"time", time_to_json(event.time)},
          {"linkId", event.link_id},
          {"message", event.message},
          {"link", event.link ? to_json(*event.link) : Json(nullptr)},
          {"tunnel", event.tunnel ? to_json(*event.tunnel) : Json(nullptr)},
          {"error", optional_error(event.error)}};
}

Result<LinkStatus> link_status_from_json(const Json& json) { return link_at(json, ""); }

Result<TunnelStatus> tunnel_status_from_json(const Json& json) { return tunnel_at(json, ""); }

Result<DaemonStatus> daemon_status_from_json(const Json& json) {
  JsonReader reader(json, "");
  DaemonStatus status;
  reader.text("version", status.version);
  reader.number("pid", status.pid);
  reader.time("started", status.started);
  reader.text("socket", status.socket);
  reader.text("logFile", status.log_file);
  reader.list("links", status.links, kMaxLinks, link_at);
  reader.list("tunnels", status.tunnels, kMaxLinks, tunnel_at);
  return reader.finish(std::move(status));
}

Result<Event> event_from_json(const Json& json) {
  JsonReader reader(json, "");
  Event event;
  reader.name("kind", event.kind, kLastEventKind);
  reader.time("time", event.time);
  reader.text("linkId", event.link_id);
  reader.text("message", event.message);
  reader.nested("link", event.link, link_at);
  reader.nested("tunnel", event.tunnel, tunnel_at);
  reader.error("error", event.error);
  return reader.finish(std::move(event));
}

Result<Error> error_from_json(const Json& json) {
  JsonReader reader(json, "error");
  Error error;
  reader.name("code", error.code, ErrorCode::kUnsupported);
  reader.text("id", error.id, kMaxErrorId);
  reader.text("what", error.what, kMaxErrorText);
  reader.text("why", error.why, kMaxErrorText);
  reader.text("fix", error.fix, kMaxErrorText);
  // A daemon of before the ids.
  if (error.id.empty()) error = Error(error.code, error.what, error.why, error.fix);
  return reader.finish(std::move(error));
}

}  // namespace ferry::control
