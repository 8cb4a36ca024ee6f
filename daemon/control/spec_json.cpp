// LinkSpec <-> JSON.
#include "daemon/control/json.h"
#include "daemon/control/json_parts.h"
#include "daemon/control/json_reader.h"

namespace ferry::control {
namespace {

Json to_json(const PortSpec& port) {
  Json json = {{"local", port.local}, {"localAsRemote", port.local_as_remote}};
  json["remote"] = to_json(port.remote);
  return json;
}

Result<PortSpec> port_from_json(const Json& json, const std::string& path) {
  JsonReader reader(json, path);
  PortSpec port;
  reader.number("local", port.local);
  reader.flag("localAsRemote", port.local_as_remote);
  read_port(reader, "remote", port.remote);
  reader.refuse_unknown_members();
  return reader.finish(port);
}

}  // namespace

Json to_json(const LinkSpec& spec, Include include) {
  Json ports = Json::array();
  for (const auto& port : spec.ports) ports.push_back(to_json(port));
  return {{"kube", to_json(spec.kube, include)},
          {"target", to_json(spec.target)},
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
  reader.nested("kube", spec.kube, kube_from_json);
  reader.nested("target", spec.target, target_from_json);
  reader.list("ports", spec.ports, kMaxPorts, port_from_json);
  reader.texts("addresses", spec.addresses, kMaxAddresses);
  reader.name("route", spec.route, Route::kAddr);
  reader.text("proxyAddr", spec.proxy_addr);
  reader.text("proxyCredentials", spec.proxy_credentials);
  reader.nested("proxy", spec.proxy, proxy_from_json);
  reader.flag("detach", spec.detach);
  return checked(reader, std::move(spec));
}

}  // namespace ferry::control
