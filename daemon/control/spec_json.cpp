// LinkSpec <-> JSON.
#include "daemon/control/json.h"
#include "daemon/control/json_reader.h"

namespace ferry::control {
namespace {

Json to_json(const PortSpec& port) {
  Json json = {{"local", port.local}, {"localAsRemote", port.local_as_remote}};
  if (port.remote.name.empty()) {
    json["remote"] = port.remote.number;
  } else {
    json["remote"] = port.remote.name;
  }
  return json;
}

Json to_json(const KubeAccess& kube, Include include) {
  Json json = {{"kubeconfig", kube.kubeconfig},
               {"kubeconfigList", kube.kubeconfig_list},
               {"context", kube.context},
               {"namespace", kube.kube_namespace},
               {"workingDirectory", kube.working_directory}};
  if (include == Include::kEverything) json["environment"] = kube.environment;
  return json;
}

Json to_json(const ProxyOptions& proxy) {
  return {{"image", proxy.image},
          {"pullPolicy", proxy.pull_policy},
          {"pullSecrets", proxy.pull_secrets},
          {"idleExitSeconds", proxy.idle_exit_seconds}};
}

Result<PortSpec> port_from_json(const Json& json, const std::string& path) {
  JsonReader reader(json, path);
  PortSpec port;
  reader.number("local", port.local);
  reader.flag("localAsRemote", port.local_as_remote);
  const Json* remote = reader.member("remote");
  if (remote != nullptr && remote->is_string()) {
    reader.text("remote", port.remote.name);
  } else {
    reader.number("remote", port.remote.number);
  }
  reader.refuse_unknown_members();
  return reader.finish(port);
}

Result<Target> target_from_json(const Json& json, const std::string& path) {
  JsonReader reader(json, path);
  Target target;
  reader.name("kind", target.kind, TargetKind::kHost);
  reader.text("name", target.name);
  reader.refuse_unknown_members();
  return reader.finish(target);
}

void read_environment(JsonReader& reader, std::map<std::string, std::string>& out) {
  const Json* variables = reader.object("environment");
  if (variables == nullptr) return;
  if (variables->size() > kMaxEnvironment) {
    return reader.refuse("environment",
                         "it has more than " + std::to_string(kMaxEnvironment) + " variables");
  }
  for (const auto& [name, value] : variables->items()) {
    const auto* text = value.get_ptr<const std::string*>();
    // The value is a secret for all we know: errors name the variable only.
    if (text == nullptr || text->size() + name.size() > kMaxVariable ||
        text->find('\0') != std::string::npos || name.empty() ||
        name.find('=') != std::string::npos || name.find('\0') != std::string::npos) {
      return reader.refuse("environment",
                           "a variable is not a NAME with a text value, or too long");
    }
    out.emplace(name, *text);
  }
}

Result<KubeAccess> kube_from_json(const Json& json, const std::string& path) {
  JsonReader reader(json, path);
  KubeAccess kube;
  reader.text("kubeconfig", kube.kubeconfig);
  reader.text("kubeconfigList", kube.kubeconfig_list);
  reader.text("context", kube.context);
  reader.text("namespace", kube.kube_namespace);
  reader.text("workingDirectory", kube.working_directory);
  read_environment(reader, kube.environment);
  reader.refuse_unknown_members();
  return reader.finish(std::move(kube));
}

Result<ProxyOptions> proxy_from_json(const Json& json, const std::string& path) {
  JsonReader reader(json, path);
  ProxyOptions proxy;
  reader.text("image", proxy.image);
  reader.text("pullPolicy", proxy.pull_policy);
  reader.texts("pullSecrets", proxy.pull_secrets, kMaxList);
  reader.number("idleExitSeconds", proxy.idle_exit_seconds);
  reader.refuse_unknown_members();
  return reader.finish(std::move(proxy));
}

template <typename T, typename Read>
void read_object(JsonReader& reader, const char* key, T& out, Read read) {
  const Json* value = reader.object(key);
  if (value == nullptr) return;
  Result<T> result = read(*value, reader.path_of(key));
  if (result) {
    out = std::move(*result);
  } else {
    reader.refuse(result.error());
  }
}

}  // namespace

Json to_json(const LinkSpec& spec, Include include) {
  Json ports = Json::array();
  for (const auto& port : spec.ports) ports.push_back(to_json(port));
  return {{"kube", to_json(spec.kube, include)},
          {"target", {{"kind", name_of(spec.target.kind)}, {"name", spec.target.name}}},
          {"ports", std::move(ports)},
          {"addresses", spec.addresses},
          {"route", name_of(spec.route)},
          {"proxyAddr", spec.proxy_addr},
          {"proxyCredentials", spec.proxy_credentials},
          {"proxy", to_json(spec.proxy)},
          {"detach", spec.detach}};
}

Result<LinkSpec> link_spec_from_json(const Json& json) {
  JsonReader reader(json, "");
  LinkSpec spec;
  read_object(reader, "kube", spec.kube, kube_from_json);
  read_object(reader, "target", spec.target, target_from_json);
  reader.list("ports", spec.ports, kMaxPorts, port_from_json);
  reader.texts("addresses", spec.addresses, kMaxAddresses);
  reader.name("route", spec.route, Route::kAddr);
  reader.text("proxyAddr", spec.proxy_addr);
  reader.text("proxyCredentials", spec.proxy_credentials);
  read_object(reader, "proxy", spec.proxy, proxy_from_json);
  reader.flag("detach", spec.detach);
  reader.refuse_unknown_members();
  if (!reader.failure()) {
    if (auto problem = problem_of(spec)) reader.refuse(std::move(*problem));
  }
  return reader.finish(std::move(spec));
}

}  // namespace ferry::control
