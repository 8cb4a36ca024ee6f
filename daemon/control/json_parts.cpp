#include "daemon/control/json_parts.h"

namespace ferry::control {
namespace {

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

}  // namespace

Json to_json(const Target& target) {
  return {{"kind", name_of(target.kind)}, {"name", target.name}};
}

Json to_json(const PortRef& port) {
  return port.name.empty() ? Json(port.number) : Json(port.name);
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

Result<Target> target_from_json(const Json& json, const std::string& path) {
  JsonReader reader(json, path);
  Target target;
  reader.name("kind", target.kind, kLastTargetKind);
  reader.text("name", target.name);
  reader.refuse_unknown_members();
  return reader.finish(target);
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

Result<Target> target_at(const Json& json, const std::string& path) {
  JsonReader reader(json, path);
  Target target;
  reader.name("kind", target.kind, kLastTargetKind);
  reader.text("name", target.name);
  return reader.finish(std::move(target));
}

void read_port(JsonReader& reader, const char* key, PortRef& out) {
  const Json* port = reader.member(key);
  if (port != nullptr && port->is_string()) {
    reader.text(key, out.name);
  } else {
    reader.number(key, out.number);
  }
}

}  // namespace ferry::control
