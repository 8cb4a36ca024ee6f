#include "cli/target_args.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/suggest.h"
#include "cli/problems.h"

namespace ferry::cli {
namespace {

struct KindName {
  const char* name;
  control::TargetKind kind;
};

// What kubectl takes for these kinds, and "host".
constexpr std::array<KindName, 17> kKinds = {{{"svc", control::TargetKind::kService},
                                              {"service", control::TargetKind::kService},
                                              {"services", control::TargetKind::kService},
                                              {"deploy", control::TargetKind::kDeployment},
                                              {"deployment", control::TargetKind::kDeployment},
                                              {"deployments", control::TargetKind::kDeployment},
                                              {"sts", control::TargetKind::kStatefulSet},
                                              {"statefulset", control::TargetKind::kStatefulSet},
                                              {"statefulsets", control::TargetKind::kStatefulSet},
                                              {"rs", control::TargetKind::kReplicaSet},
                                              {"replicaset", control::TargetKind::kReplicaSet},
                                              {"replicasets", control::TargetKind::kReplicaSet},
                                              {"po", control::TargetKind::kPod},
                                              {"pod", control::TargetKind::kPod},
                                              {"pods", control::TargetKind::kPod},
                                              {"host", control::TargetKind::kHost},
                                              {"hosts", control::TargetKind::kHost}}};

constexpr const char* kWorkloadForm =
    "write NAME for a Deployment, or sts/NAME or rs/NAME; a container follows as in NAME:CONTAINER";
constexpr const char* kPortForm =
    "write [LOCAL:]REMOTE, as in 8080:80, 80, http, 8080:http or :80 for any free local port";

std::optional<control::TargetKind> kind_of(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const auto& [name, kind] : kKinds) {
    if (word == name) return kind;
  }
  return std::nullopt;
}

std::string form_of(const char* types) {
  return std::string("write TYPE/NAME, where TYPE is ") + types;
}

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const auto& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }

bool all_digits(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// RFC 1123 names, as Kubernetes checks them; hosts may also be addresses and hold capitals.
bool is_object_name(const std::string& name) {
  const auto fine = [](char c) { return is_lower(c) || is_digit(c) || c == '-' || c == '.'; };
  return name.size() <= 253 && std::all_of(name.begin(), name.end(), fine) && name.front() != '-' &&
         name.back() != '-' && name.front() != '.' && name.back() != '.';
}

bool is_host_name(const std::string& name) {
  const auto fine = [](char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == ':';
  };
  return name.size() <= 253 && std::all_of(name.begin(), name.end(), fine) && name.front() != '-';
}

// Port names in Kubernetes: lower-case letters, digits, hyphens, at least one letter.
bool is_port_name(const std::string& name) {
  const auto fine = [](char c) { return is_lower(c) || is_digit(c) || c == '-'; };
  return name.size() <= 63 && std::all_of(name.begin(), name.end(), fine) &&
         std::any_of(name.begin(), name.end(), is_lower);
}

Result<std::uint16_t> parse_number(const std::string& text, const std::string& whole, bool zero) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool complete = error == std::errc() && end == text.data() + text.size();
  if (!complete || value > 65535 || (value == 0 && !zero)) {
    return fail(problem::kPortInvalid, "reading the port '" + whole + "'",
                text + " is not a port number: they go from 1 to 65535", "as in 8081:80");
  }
  return static_cast<std::uint16_t>(value);
}

Result<control::PortRef> parse_remote(const std::string& text, const std::string& whole) {
  if (all_digits(text)) {
    return parse_number(text, whole, false).map([](std::uint16_t number) {
      return control::PortRef{.number = number};
    });
  }
  if (!text.empty() && is_port_name(text)) return control::PortRef{.name = text};
  return fail(problem::kPortInvalid, "reading the port '" + whole + "'",
              text.empty() ? "the remote port is missing"
                           : "'" + text + "' is neither a port number nor a port name",
              kPortForm);
}

std::optional<std::int64_t> unit_seconds(char unit) {
  switch (unit) {
    case 's': return 1;
    case 'm': return 60;
    case 'h': return 3600;
    default: return std::nullopt;
  }
}

// nullopt when the text is no sequence of NUMBER UNIT.
std::optional<std::int64_t> total_seconds(const std::string& text) {
  std::int64_t total = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  if (at == end) return std::nullopt;
  while (at != end) {
    std::uint32_t number = 0;
    const auto [rest, error] = std::from_chars(at, end, number);
    if (error != std::errc() || rest == end) return std::nullopt;
    const auto unit = unit_seconds(*rest);
    if (!unit) return std::nullopt;
    total += *unit * number;
    at = rest + 1;
  }
  return total;
}

bool is_literal(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> buffer{};
  return inet_pton(AF_INET, text.c_str(), buffer.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), buffer.data()) == 1;
}

}  // namespace

Result<control::Target> parse_target(const std::string& text, const char* types) {
  const std::string what = "reading the target '" + text + "'";
  const auto slash = text.find('/');
  if (slash == std::string::npos) {
    if (kind_of(text)) {
      return fail(problem::kTargetInvalid, what, "it is a type without a name",
                  "write " + text + "/NAME, as in " + text + "/app");
    }
    if (text.empty() || !is_object_name(text)) {
      return fail(problem::kTargetInvalid, what, "it is neither TYPE/NAME nor the name of a pod",
                  form_of(types));
    }
    return control::Target{control::TargetKind::kPod, text};
  }
  const std::string type = text.substr(0, slash);
  const std::string name = text.substr(slash + 1);
  const auto kind = kind_of(type);
  if (!kind) {
    std::string hint = did_you_mean(type, kind_names());
    return fail(problem::kTargetInvalid, what, "there is no type '" + type + "'",
                hint.empty() ? form_of(types) : hint);
  }
  if (name.empty())
    return fail(problem::kTargetInvalid, what, "the name is missing", form_of(types));
  if (*kind == control::TargetKind::kHost ? !is_host_name(name) : !is_object_name(name)) {
    return fail(problem::kTargetInvalid, what, "'" + name + "' can't be a name",
                "names hold lower-case letters, digits, '-' and '.'");
  }
  return control::Target{*kind, name};
}

Result<kube::Target> parse_kube_target(const std::string& text) {
  return parse_target(text, "svc, deploy, sts, rs or pod")
      .and_then([](const control::Target& named) {
        return kube::parse_target(control::to_string(named));
      });
}

Result<control::Target> parse_workload(const std::string& text) {
  const bool typed = text.find('/') != std::string::npos;
  if (!typed && kind_of(text)) {
    return fail(problem::kTargetInvalid, "reading the target '" + text + "'",
                "it is a type without a name", "write " + text + "/NAME, or NAME");
  }
  auto target = parse_target(typed ? text : "deploy/" + text);
  if (target) return target;
  auto error = target.error();
  error.what = "reading the target '" + text + "'";
  if (error.fix == form_of(kForwardTypes)) error.fix = kWorkloadForm;
  return fail(std::move(error));
}

Result<SwapTarget> parse_swap_target(const std::string& text) {
  const auto colon = text.find(':');
  auto workload = parse_workload(text.substr(0, colon));
  if (!workload) return fail(workload.error());
  SwapTarget target{.workload = std::move(*workload), .container = {}};
  if (colon == std::string::npos) return target;
  target.container = text.substr(colon + 1);
  // An RFC 1123 label; a number is more likely a port in the wrong place.
  const bool label = !target.container.empty() && target.container.size() <= 63 &&
                     target.container.find('.') == std::string::npos &&
                     is_object_name(target.container);
  if (label && !all_digits(target.container)) return target;
  const bool port = all_digits(target.container);
  return fail(
      problem::kTargetInvalid, "reading the target '" + text + "'",
      target.container.empty() ? "the container's name is missing after the colon"
                               : "'" + target.container + "' can't be a container's name",
      port ? "ports go into --expose, as in --expose 8081:" + target.container : kWorkloadForm);
}

Result<control::ExposeSpec> parse_expose(const std::string& text) {
  constexpr const char* kForm =
      "write LOCAL[:REMOTE], as in 8081:80, 8081:http or 80, the local port first";
  const std::string what = "reading the exposed port '" + text + "'";
  const auto colon = text.find(':');
  const std::string local = text.substr(0, colon);
  const bool twice = colon != std::string::npos && text.find(':', colon + 1) != std::string::npos;
  if (twice || !all_digits(local)) {
    return fail(problem::kPortInvalid, what,
                twice ? "it has more than one colon"
                      : (local.empty() ? std::string("the local port is missing")
                                       : "the local port '" + local + "' is not a number"),
                kForm);
  }
  const auto number = parse_number(local, text, false);
  if (!number) return fail(number.error());
  control::ExposeSpec port{.local = *number, .remote = {}};
  if (colon == std::string::npos) return port;
  auto remote = parse_remote(text.substr(colon + 1), text);
  if (!remote) {
    auto error = remote.error();
    if (!error.fix.empty()) error.fix = kForm;
    return fail(std::move(error));
  }
  port.remote = std::move(*remote);
  return port;
}

Result<control::ProbeMode> parse_probe_mode(const std::string& text) {
  using control::ProbeMode;
  std::vector<std::string> names;
  for (const auto mode :
       {ProbeMode::kFollow, ProbeMode::kHold, ProbeMode::kReady, ProbeMode::kNone}) {
    if (name_of(mode) == text) return mode;
    names.emplace_back(name_of(mode));
  }
  const std::string hint = did_you_mean(text, names);
  return fail(problem::kValueInvalid, "reading --probes '" + text + "'", "there is no such mode",
              hint.empty() ? "use " + one_of(names) : hint);
}

Result<control::PortSpec> parse_port(const std::string& text) {
  const auto colon = text.find(':');
  if (colon != std::string::npos && text.find(':', colon + 1) != std::string::npos) {
    return fail(problem::kPortInvalid, "reading the port '" + text + "'",
                "it has more than one colon",
                "write LOCAL:REMOTE; local addresses go into --address");
  }
  const std::string remote_text = colon == std::string::npos ? text : text.substr(colon + 1);
  auto remote = parse_remote(remote_text, text);
  if (!remote) return fail(remote.error());
  control::PortSpec port{.remote = std::move(*remote)};
  if (colon == std::string::npos) {
    port.local = port.remote.number;
    port.local_as_remote = port.remote.number == 0;
    return port;
  }
  const std::string local_text = text.substr(0, colon);
  if (local_text.empty()) return port;
  if (!all_digits(local_text)) {
    return fail(problem::kPortInvalid, "reading the port '" + text + "'",
                "the local port '" + local_text + "' is not a number", kPortForm);
  }
  auto local = parse_number(local_text, text, true);
  if (!local) return fail(local.error());
  port.local = *local;
  return port;
}

Result<std::vector<std::string>> parse_addresses(const std::string& text) {
  std::vector<std::string> addresses;
  std::size_t start = 0;
  while (start <= text.size()) {
    const auto comma = std::min(text.find(',', start), text.size());
    const std::string item = text.substr(start, comma - start);
    start = comma + 1;
    if (item == "localhost") {
      addresses.insert(addresses.end(), {"127.0.0.1", "::1"});
    } else if (is_literal(item)) {
      addresses.push_back(item);
    } else {
      return fail(problem::kValueInvalid, "reading the local address '" + item + "'",
                  "it is neither an IPv4 nor an IPv6 address",
                  "use 127.0.0.1, ::1, localhost, 0.0.0.0, :: or an address of this machine");
    }
  }
  return addresses;
}

Result<control::Route> parse_route(const std::string& text) {
  if (text == "auto") return control::Route::kAuto;
  if (text == "proxy") return control::Route::kProxy;
  if (text == "direct") return control::Route::kDirect;
  const std::string hint = did_you_mean(text, {"auto", "proxy", "direct"});
  return fail(
      problem::kValueInvalid, "reading the route '" + text + "'", "there is no such route",
      hint.empty() ? "use auto, proxy or direct; --proxy-addr for a proxy's own address" : hint);
}

Result<std::chrono::seconds> parse_duration(const std::string& text) {
  constexpr std::int64_t kWeek = std::int64_t{7} * 24 * 3600;
  const auto total = total_seconds(text);
  if (!total || *total < 1 || *total > kWeek) {
    return fail(problem::kValueInvalid, "reading the time '" + text + "'",
                total ? "it is not between one second and a week" : "it is no time",
                "write it like 90s, 15m or 1h30m");
  }
  return std::chrono::seconds(*total);
}

Result<std::string> parse_pull_policy(const std::string& text) {
  for (const auto& [lower, name] :
       {std::pair{"always", "Always"}, std::pair{"ifnotpresent", "IfNotPresent"},
        std::pair{"never", "Never"}}) {
    if (text == lower || text == name) return name;
  }
  return fail(problem::kValueInvalid, "reading the pull policy '" + text + "'",
              "there is none like it", "use Always, IfNotPresent or Never");
}

Status check_host_port(const std::string& text) {
  const auto colon = text.rfind(':');
  const std::string host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const bool fine = colon != std::string::npos && !host.empty() &&
                    (bracketed || host.find_first_of(":[]") == std::string::npos);
  if (!fine) {
    return fail(problem::kValueInvalid, "reading the proxy's address '" + text + "'",
                "it is not HOST:PORT", "write it like 10.0.0.7:8443 or [fd00::7]:8443");
  }
  const auto port = parse_number(text.substr(colon + 1), text, false);
  if (!port) return fail(port.error());
  return {};
}

}  // namespace ferry::cli
