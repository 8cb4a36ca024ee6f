#include "daemon/probe/probe.h"

#include <charconv>
#include <limits>
#include <map>

#include "daemon/problems.h"
#include "kube/json_field.h"
#include "kube/text.h"

namespace ferry::daemon {
namespace {

using Json = nlohmann::json;
using kube::field;
using kube::text_field;
using Variables = std::map<std::string, std::string>;

std::uint16_t port_number(std::string_view text) {
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? number : std::uint16_t{0};
}

// A number, the name of a port of this container, or a number written as a text.
ProbePort port_of(const Json& action, const Json& container) {
  ProbePort port{.number = kube::port_field(action, "port")};
  if (port.number != 0) return port;
  port.name = text_field(action, "port");
  for (const Json& declared : kube::array_field(container, "ports")) {
    if (!port.name.empty() && text_field(declared, "name") == port.name) {
      port.number = kube::port_field(declared, "containerPort");
      return port;
    }
  }
  port.number = port_number(port.name);
  return port;
}

bool names_a_port(const ProbePort& port) { return port.number != 0 || !port.name.empty(); }

Variables stated_variables(const Json& container) {
  Variables variables;
  for (const Json& variable : kube::array_field(container, "env")) {
    variables[text_field(variable, "name")] = text_field(variable, "value");
  }
  return variables;
}

// https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/:
// $(NAME) is replaced, $$ stands for one $, a name that isn't known stays as it is written.
std::string expand(std::string_view text, const Variables& variables) {
  std::string out;
  while (!text.empty()) {
    const auto dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar);
    const auto close = text.substr(0, 2) == "$(" ? text.find(')') : std::string_view::npos;
    std::size_t taken = 1;
    if (text.substr(0, 2) == "$$") {
      taken = 2;
    } else if (close != std::string_view::npos) {
      const auto known = variables.find(std::string(text.substr(2, close - 2)));
      taken = close + 1;
      out += known == variables.end() ? std::string(text.substr(0, taken)) : known->second;
      text.remove_prefix(taken);
      continue;
    }
    out += '$';
    text.remove_prefix(taken);
  }
  return out;
}

Result<ProbeAction> parse_http(const Json& from, const Json& container) {
  HttpGetAction action;
  action.tls = text_field(from, "scheme") == "HTTPS";
  action.host = text_field(from, "host");
  action.port = port_of(from, container);
  if (const std::string path = text_field(from, "path"); !path.empty()) action.path = path;
  for (const Json& header : kube::array_field(from, "httpHeaders")) {
    action.headers.emplace_back(text_field(header, "name"), text_field(header, "value"));
  }
  if (!names_a_port(action.port)) return fail(problem::kProbeInvalid, "httpGet", "it has no port");
  return action;
}

Result<ProbeAction> parse_tcp(const Json& from, const Json& container) {
  TcpSocketAction action{.host = text_field(from, "host"), .port = port_of(from, container)};
  if (!names_a_port(action.port))
    return fail(problem::kProbeInvalid, "tcpSocket", "it has no port");
  return action;
}

Result<ProbeAction> parse_exec(const Json& from, const Json& container) {
  const Variables variables = stated_variables(container);
  ExecAction action;
  for (const Json& word : kube::array_field(from, "command")) {
    if (word.is_string()) {
      action.command.push_back(expand(word.get_ref<const std::string&>(), variables));
    }
  }
  if (action.command.empty()) return fail(problem::kProbeInvalid, "exec", "it has no command");
  return action;
}

Result<ProbeAction> parse_grpc(const Json& from) {
  GrpcAction action{.port = {.number = kube::port_field(from, "port")},
                    .service = text_field(from, "service")};
  if (action.port.number == 0) return fail(problem::kProbeInvalid, "grpc", "it has no port");
  return action;
}

Result<ProbeAction> parse_action(const Json& probe, const Json& container) {
  if (const Json& from = field(probe, "exec"); from.is_object()) return parse_exec(from, container);
  if (const Json& from = field(probe, "httpGet"); from.is_object()) {
    return parse_http(from, container);
  }
  if (const Json& from = field(probe, "tcpSocket"); from.is_object()) {
    return parse_tcp(from, container);
  }
  if (const Json& from = field(probe, "grpc"); from.is_object()) return parse_grpc(from);
  return fail(problem::kProbeInvalid, "the action", "none of exec, httpGet, tcpSocket and grpc");
}

int whole(const Json& probe, std::string_view key, int lowest, int otherwise) {
  return static_cast<int>(
      kube::int_field(probe, key, lowest, std::numeric_limits<std::int32_t>::max(), otherwise));
}

ProbeTiming parse_timing(const Json& probe) {
  ProbeTiming timing;
  timing.initial_delay = std::chrono::seconds(whole(probe, "initialDelaySeconds", 0, 0));
  timing.period = std::chrono::seconds(whole(probe, "periodSeconds", 1, 10));
  timing.timeout = std::chrono::seconds(whole(probe, "timeoutSeconds", 1, 1));
  timing.success_threshold = whole(probe, "successThreshold", 1, 1);
  timing.failure_threshold = whole(probe, "failureThreshold", 1, 3);
  return timing;
}

Status parse_one(const Json& container, const char* key, std::optional<Probe>& out) {
  const Json& probe = field(container, key);
  if (!probe.is_object()) return {};
  auto action = parse_action(probe, container);
  if (!action) {
    const Error& error = action.error();
    return fail(problem::kProbeInvalid,
                std::string("reading the ").append(key).append(" of container ") +
                    text_field(container, "name"),
                error.summary(), "look at it with kubectl get -o yaml");
  }
  out = Probe{parse_timing(probe), std::move(*action)};
  return {};
}

}  // namespace

const char* name_of(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::kStartup: return "Startup";
    case ProbeKind::kReadiness: return "Readiness";
    case ProbeKind::kLiveness: return "Liveness";
  }
  return "";
}

const std::optional<Probe>& ContainerProbes::of(ProbeKind kind) const {
  switch (kind) {
    case ProbeKind::kStartup: return startup;
    case ProbeKind::kLiveness: return liveness;
    case ProbeKind::kReadiness: break;
  }
  return readiness;
}

Result<ContainerProbes> parse_probes(const Json& container) {
  ContainerProbes probes{.container = text_field(container, "name")};
  if (auto read = parse_one(container, "startupProbe", probes.startup); !read) {
    return fail(read.error());
  }
  if (auto read = parse_one(container, "readinessProbe", probes.readiness); !read) {
    return fail(read.error());
  }
  if (auto read = parse_one(container, "livenessProbe", probes.liveness); !read) {
    return fail(read.error());
  }
  return probes;
}

}  // namespace ferry::daemon
