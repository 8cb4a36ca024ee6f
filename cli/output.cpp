#include "cli/output.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "cli/human.h"
#include "cli/swap_output.h"
#include "cli/table.h"

namespace ferry::cli {
namespace {

using control::Json;
using control::LinkStatus;
using control::TunnelStatus;

// Whether it needs no quotes: a word that no YAML, however old, takes for something else.
bool needs_no_quotes(const std::string& text) {
  static const std::set<std::string> kOthers = {"y",   "n",    "yes",   "no",  "on",
                                                "off", "true", "false", "null"};
  const auto in_word = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '/';
  };
  if (text.empty() || std::isalpha(static_cast<unsigned char>(text.front())) == 0) return false;
  if (!std::all_of(text.begin(), text.end(), in_word)) return false;
  std::string lower = text;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return !kOthers.contains(lower);
}

void emit_text(YAML::Emitter& out, const std::string& text) {
  out << (needs_no_quotes(text) ? YAML::Auto : YAML::DoubleQuoted) << text;
}

void emit(YAML::Emitter& out, const Json& json) {
  if (json.is_object()) {
    out << YAML::BeginMap;
    for (const auto& [key, value] : json.items()) {
      out << YAML::Key;
      emit_text(out, key);
      out << YAML::Value;
      emit(out, value);
    }
    out << YAML::EndMap;
  } else if (json.is_array()) {
    out << (json.empty() ? YAML::Flow : YAML::Block) << YAML::BeginSeq;
    for (const auto& item : json) emit(out, item);
    out << YAML::EndSeq;
  } else if (json.is_string()) {
    emit_text(out, json.get<std::string>());
  } else if (json.is_null()) {
    out << YAML::Null;
  } else {
    out << control::dump(json);  // numbers, true, false
  }
}

std::string age(control::UnixMillis since, const View& view) {
  return since == 0 ? std::string() : human_age(view.now - since);
}

std::string host_port(const std::string& address, std::uint16_t port) {
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

// "8080->80, 8081->http": which addresses it listens on is for -o wide.
std::string short_ports(const LinkStatus& link) {
  if (link.swap) return swap_ports(*link.swap);
  std::string out;
  for (const auto& port : link.ports) {
    out += (out.empty() ? "" : ", ") + std::to_string(port.local) + "->" + to_string(port.remote);
  }
  return out;
}

std::string trouble_of(const LinkStatus& link) {
  if (!link.reason.empty()) return printable(link.reason);
  return link.last_error ? printable(link.last_error->summary()) : std::string();
}

std::string links_table(const std::vector<LinkStatus>& links, const View& view) {
  const bool wide = view.format == OutputFormat::kWide;
  std::vector<std::string> header = {"LINK", "TARGET", "NAMESPACE", "PORTS", "STATE", "AGE"};
  if (wide)
    header.insert(header.end(), {"CONTEXT", "ROUTE", "TUNNEL", "KEPT", "LISTENS", "REASON"});
  Table table(std::move(header));
  for (const auto& link : links) {
    std::vector<std::string> row = {
        link.id,           to_string(link.target),           link.kube_namespace,
        short_ports(link), std::string(name_of(link.state)), age(link.created, view)};
    if (wide) {
      row.insert(row.end(),
                 {link.context, std::string(name_of(link.route)), link.tunnel,
                  link.detached ? "detached" : "foreground", ports_text(link), trouble_of(link)});
    }
    table.add(std::move(row));
  }
  return table.text();
}

std::string traffic_line(const control::Traffic& traffic) {
  std::string out = std::to_string(traffic.open_connections) + " open, " +
                    std::to_string(traffic.total_connections) + " in all";
  if (traffic.failed_connections > 0) {
    out += ", " + std::to_string(traffic.failed_connections) + " failed";
  }
  out += "; sent " + human_bytes(traffic.bytes_sent) + ", received " +
         human_bytes(traffic.bytes_received);
  if (traffic.bytes_sent_per_second + traffic.bytes_received_per_second > 0) {
    out += " (now " + human_rate(traffic.bytes_sent_per_second) + " and " +
           human_rate(traffic.bytes_received_per_second) + ")";
  }
  return out;
}

std::string state_line(std::string_view state, control::UnixMillis since, const std::string& reason,
                       const View& view) {
  std::string out(state);
  if (since != 0) out += " for " + human_age(view.now - since);
  if (!reason.empty()) out += ": " + printable(reason);
  return out;
}

// "12s ago, passed: a connection to svc/app"
std::string test_line(const control::SelfTest& test, const View& view) {
  if (test.tested == 0) return test.way.empty() || !test.under_way ? "" : "now: " + test.way;
  std::string out = test.under_way ? "again now; " : "";
  out += age(test.tested, view) + " ago, ";
  if (!test.error) return out + "passed" + (test.way.empty() ? "" : ": " + test.way);
  out += "failed: " + printable(test.error->summary());
  return out + (test.passed == 0 ? "" : "; last passed " + age(test.passed, view) + " ago");
}

std::string link_block(const LinkStatus& link, const View& view) {
  std::string out = "link " + link.id + ": " + to_string(link.target);
  if (!link.kube_namespace.empty()) out += " in namespace " + link.kube_namespace;
  out += (link.detached ? ", detached\n" : ", foreground\n");
  out += link.swap ? swap_fields(*link.swap, view) : field("listens", ports_text(link));
  out += field("state", state_line(name_of(link.state), link.since, link.reason, view));
  out += field("tested", test_line(link.test, view));
  if (!link.swap)
    out += field("route", std::string(name_of(link.route)) +
                              (link.tunnel.empty() ? "" : " (tunnel " + link.tunnel + ")"));
  out += field("connections", traffic_line(link.traffic));
  if (link.last_error) out += field("last error", printable(link.last_error->summary()));
  return out;
}

std::string tunnel_block(const TunnelStatus& tunnel, const View& view) {
  std::string out = "tunnel " + tunnel.id + ": " + printable(tunnel.peer) + "\n";
  out += field("state", state_line(name_of(tunnel.state), tunnel.since, tunnel.reason, view));
  out += field("round trip", human_round_trip(tunnel.round_trip_microseconds));
  out +=
      field("streams", std::to_string(tunnel.streams) + "; sent " + human_bytes(tunnel.bytes_sent) +
                           ", received " + human_bytes(tunnel.bytes_received));
  if (tunnel.reconnects > 0)
    out += field("reconnected", std::to_string(tunnel.reconnects) + " times");
  if (tunnel.last_error) out += field("last error", printable(tunnel.last_error->summary()));
  return out;
}

}  // namespace

bool is_document(OutputFormat format) {
  return format == OutputFormat::kJson || format == OutputFormat::kYaml;
}

std::string printable(const std::string& text) {
  std::string out = text;
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n') || byte == 0x7f) c = '?';
  }
  return out;
}

std::string ports_text(const LinkStatus& link) {
  std::string out;
  for (const auto& port : link.ports) {
    for (const auto& address : port.addresses) {
      out += (out.empty() ? "" : ", ") + host_port(address, port.local) + " -> " +
             to_string(port.remote);
    }
  }
  return out;
}

std::string field(const std::string& name, const std::string& value) {
  if (value.empty()) return {};
  return "  " + name + std::string(name.size() < 13 ? 13 - name.size() : 1, ' ') + value + "\n";
}

std::string document(const Json& json, OutputFormat format) {
  if (format == OutputFormat::kJson) {
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  YAML::Emitter out;
  emit(out, json);
  return std::string(out.c_str()) + "\n";
}

std::string status_text(const std::optional<control::DaemonStatus>& status, const View& view) {
  if (is_document(view.format)) {
    Json json =
        status ? to_json(*status) : Json{{"links", Json::array()}, {"tunnels", Json::array()}};
    json["running"] = status.has_value();
    return document(json, view.format);
  }
  if (!status) return "ferryd is not running; it starts with the first link\n";
  std::string out = "ferryd " + status->version + ", pid " + std::to_string(status->pid) +
                    ", running for " + human_age(view.now - status->started) + "\n";
  if (view.format == OutputFormat::kWide) {
    out += field("socket", status->socket) + field("log", status->log_file);
  }
  for (const auto& tunnel : status->tunnels) out += "\n" + tunnel_block(tunnel, view);
  for (const auto& link : status->links) out += "\n" + link_block(link, view);
  if (status->links.empty()) out += "no links\n";
  return out;
}

std::string links_text(const std::vector<LinkStatus>& links, const View& view) {
  if (is_document(view.format)) {
    Json list = Json::array();
    for (const auto& link : links) list.push_back(to_json(link));
    return document({{"links", std::move(list)}}, view.format);
  }
  if (view.format == OutputFormat::kName) {
    std::string out;
    for (const auto& link : links) out += link.id + "\n";
    return out;
  }
  return links.empty() ? "no links\n" : links_table(links, view);
}

std::string version_text(const std::string& client, const std::string& daemon, const View& view) {
  if (is_document(view.format)) {
    return document({{"client", client}, {"daemon", daemon.empty() ? Json(nullptr) : Json(daemon)}},
                    view.format);
  }
  return "ferry   " + client + "\nferryd  " + (daemon.empty() ? "not running" : daemon) + "\n";
}

std::string config_text(const Settings& settings, const View& view) {
  if (is_document(view.format)) {
    Json values = Json::array();
    for (const auto* name : kSettingNames) {
      const auto& setting = settings.values.at(name);
      values.push_back({{"name", name}, {"value", setting.value}, {"from", setting.from}});
    }
    return document({{"file", settings.file}, {"context", settings.context}, {"settings", values}},
                    view.format);
  }
  Table table({"SETTING", "VALUE", "FROM"});
  for (const auto* name : kSettingNames) {
    const auto& setting = settings.values.at(name);
    table.add({name, setting.value, setting.from});
  }
  return table.text();
}

}  // namespace ferry::cli
