#include "cli/forward_specs.h"

#include <set>

#include "cli/kube_context.h"
#include "cli/link_file.h"
#include "cli/problems.h"
#include "cli/settings.h"
#include "cli/target_args.h"
#include "cli/utf8.h"
#include "cli/yaml_file.h"

namespace ferry::cli {
namespace {

using control::LinkSpec;

std::string absolute(const std::string& path, const std::string& working_directory) {
  return path.empty() || path.front() == '/' ? path : working_directory + "/" + path;
}

Result<std::vector<LinkEntry>> entries_of(const ForwardArguments& args) {
  if (!args.file.empty()) {
    const auto text = read_file(args.file);
    if (!text) return fail(text.error());
    return parse_links(*text, args.file == "-" ? "standard input" : args.file);
  }
  LinkEntry entry;
  auto target = parse_target(args.target);
  if (!target) return fail(target.error());
  entry.target = std::move(*target);
  for (const auto& text : args.ports) {
    auto port = parse_port(text);
    if (!port) return fail(port.error());
    entry.ports.push_back(std::move(*port));
  }
  return std::vector{std::move(entry)};
}

Result<std::vector<std::string>> addresses_of(const ForwardArguments& args) {
  std::vector<std::string> addresses;
  for (const auto& text : args.addresses) {
    const auto some = parse_addresses(text);
    if (!some) return some;
    addresses.insert(addresses.end(), some->begin(), some->end());
  }
  return addresses;
}

// Route, proxy and its options, as settings and flags say.
Status apply_settings(const Invocation& invocation, const control::GetEnv& get_env,
                      const LinkEntry& entry, LinkSpec& spec) {
  std::string context = spec.kube.context;
  if (context.empty()) context = current_context(spec.kube.kubeconfig, get_env);
  const auto settings = load_settings(get_env, context, invocation.settings);
  if (!settings) return fail(settings.error());
  spec.proxy = proxy_options(*settings);
  spec.route = route_of(*settings);
  if (!entry.route.empty()) spec.route = parse_route(entry.route).value_or(spec.route);
  const std::string& address = invocation.forward.proxy_addr;
  if (address.empty()) return {};
  if (invocation.settings.contains("route")) {
    return fail(problem::kUsage, "reading the command line",
                "--proxy-addr is a route of its own, beside --route", "leave --route out");
  }
  if (auto checked = check_host_port(address); !checked) return checked;
  spec.route = control::Route::kAddr;
  spec.proxy_addr = address;
  spec.proxy_credentials = invocation.forward.proxy_credentials;
  return {};
}

// The same local port twice would make the second link fail after the first one stands.
Status check_overlap(const std::vector<LinkSpec>& specs) {
  std::set<std::pair<std::uint16_t, std::vector<std::string>>> seen;
  for (const auto& spec : specs) {
    for (const auto& port : spec.ports) {
      if (port.local == 0 || seen.emplace(port.local, spec.addresses).second) continue;
      return fail(problem::kUsage, "reading the links",
                  "local port " + std::to_string(port.local) + " appears twice",
                  "give each remote port a local port of its own");
    }
  }
  return {};
}

Result<LinkSpec> spec_of(const Invocation& invocation, const control::GetEnv& get_env,
                         LinkEntry& entry) {
  LinkSpec spec;
  spec.target = entry.target;
  spec.ports = std::move(entry.ports);
  spec.detach = invocation.forward.detach;
  const auto addresses = addresses_of(invocation.forward);
  if (!addresses) return fail(addresses.error());
  spec.addresses = entry.addresses.empty() ? *addresses : entry.addresses;
  spec.kube.context = entry.context.empty() ? invocation.context : entry.context;
  spec.kube.kube_namespace =
      entry.kube_namespace.empty() ? invocation.kube_namespace : entry.kube_namespace;
  spec.kube.kubeconfig = invocation.kubeconfig;
  if (auto applied = apply_settings(invocation, get_env, entry, spec); !applied) {
    return fail(applied.error());
  }
  return spec;
}

}  // namespace

std::map<std::string, std::string> whole_environment(const char* const* variables) {
  std::map<std::string, std::string> environment;
  for (; *variables != nullptr; ++variables) {
    const std::string variable = *variables;
    const auto equals = variable.find('=');
    if (equals == std::string::npos || equals == 0) continue;
    environment.emplace(variable.substr(0, equals), variable.substr(equals + 1));
  }
  return environment;
}

std::map<std::string, std::string> utf8_environment(const char* const* variables) {
  auto environment = whole_environment(variables);
  std::erase_if(environment, [](const auto& variable) {
    return !is_utf8(variable.first) || !is_utf8(variable.second);
  });
  return environment;
}

Result<std::vector<LinkSpec>> forward_specs(const Invocation& invocation,
                                            const control::GetEnv& get_env,
                                            const std::map<std::string, std::string>& environment,
                                            const std::string& working_directory) {
  auto entries = entries_of(invocation.forward);
  if (!entries) return fail(entries.error());
  std::vector<LinkSpec> specs;
  for (auto& entry : *entries) {
    auto spec = spec_of(invocation, get_env, entry);
    if (!spec) return fail(spec.error());
    spec->kube.working_directory = working_directory;
    spec->kube.environment = environment;
    spec->kube.kubeconfig = absolute(spec->kube.kubeconfig, working_directory);
    spec->proxy_credentials = absolute(spec->proxy_credentials, working_directory);
    if (auto problem = problem_of(*spec)) {
      problem->code = ErrorCode::kUsage;
      return fail(std::move(*problem));
    }
    specs.push_back(std::move(*spec));
  }
  if (auto checked = check_overlap(specs); !checked) return fail(checked.error());
  return specs;
}

}  // namespace ferry::cli
