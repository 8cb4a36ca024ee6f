// Everything about swaps <-> JSON.
#include "daemon/control/json.h"
#include "daemon/control/json_parts.h"
#include "daemon/control/json_reader.h"

namespace ferry::control {
namespace {

Json to_json(const ExposeSpec& port) {
  Json json = {{"local", port.local}};
  if (port.remote != PortRef{}) json["remote"] = to_json(port.remote);
  return json;
}

Json to_json(const ExposedPort& port) {
  return {{"local", port.local}, {"remote", port.remote}, {"open", port.open}};
}

Json to_json(const ProbeStatus& probe) {
  return {{"probe", probe.probe},
          {"ok", probe.ok},
          {"message", probe.message},
          {"since", time_to_json(probe.since)}};
}

template <typename T>
Json list_of(const std::vector<T>& items) {
  Json json = Json::array();
  for (const auto& item : items) json.push_back(to_json(item));
  return json;
}

Result<ExposeSpec> expose_from_json(const Json& json, const std::string& path) {
  JsonReader reader(json, path);
  ExposeSpec port;
  reader.number("local", port.local);
  read_port(reader, "remote", port.remote);
  reader.refuse_unknown_members();
  return reader.finish(port);
}

Result<ExposedPort> exposed_at(const Json& json, const std::string& path) {
  JsonReader reader(json, path);
  ExposedPort port;
  reader.number("local", port.local);
  reader.number("remote", port.remote);
  reader.flag("open", port.open);
  return reader.finish(port);
}

Result<ProbeStatus> probe_at(const Json& json, const std::string& path) {
  JsonReader reader(json, path);
  ProbeStatus probe;
  reader.text("probe", probe.probe);
  reader.flag("ok", probe.ok);
  reader.text("message", probe.message, kMaxErrorText);
  reader.time("since", probe.since);
  return reader.finish(std::move(probe));
}

Result<SwapListing> listing_at(const Json& json, const std::string& path) {
  JsonReader reader(json, path);
  SwapListing swap;
  reader.nested("target", swap.workload, target_at);
  reader.text("namespace", swap.kube_namespace);
  reader.text("swapId", swap.swap_id);
  reader.text("owner", swap.owner);
  reader.text("standIn", swap.stand_in);
  reader.time("since", swap.since);
  std::uint32_t replicas = 0;
  reader.number("replicas", replicas);
  if (json.contains("replicas")) swap.replicas = replicas;
  reader.text("state", swap.state);
  return reader.finish(std::move(swap));
}

Result<Error> error_at(const Json& json, const std::string&) { return error_from_json(json); }

}  // namespace

Json to_json(const SwapSpec& spec, Include include) {
  return {{"kube", to_json(spec.kube, include)},
          {"target", to_json(spec.workload)},
          {"container", spec.container},
          {"expose", list_of(spec.expose)},
          {"probes", name_of(spec.probes)},
          {"keepOriginal", spec.keep_original},
          {"force", spec.force},
          {"detach", spec.detach},
          {"proxyProtocol", spec.proxy_protocol},
          {"restart", spec.restart},
          {"orphanTimeoutSeconds", spec.orphan_timeout_seconds},
          {"stepTimeoutSeconds", spec.step_timeout_seconds},
          {"proxy", to_json(spec.proxy)}};
}

Result<SwapSpec> swap_spec_from_json(const Json& json) {
  JsonReader reader(json, "");
  SwapSpec spec;
  reader.nested("kube", spec.kube, kube_from_json);
  reader.nested("target", spec.workload, target_from_json);
  reader.text("container", spec.container);
  reader.list("expose", spec.expose, kMaxPorts, expose_from_json);
  reader.name("probes", spec.probes, ProbeMode::kNone);
  reader.flag("keepOriginal", spec.keep_original);
  reader.flag("force", spec.force);
  reader.flag("detach", spec.detach);
  reader.flag("proxyProtocol", spec.proxy_protocol);
  reader.flag("restart", spec.restart);
  reader.number("orphanTimeoutSeconds", spec.orphan_timeout_seconds);
  reader.number("stepTimeoutSeconds", spec.step_timeout_seconds);
  reader.nested("proxy", spec.proxy, proxy_from_json);
  return checked(reader, std::move(spec));
}

Json to_json(const RestoreSpec& spec, Include include) {
  return {{"kube", to_json(spec.kube, include)},
          {"target", to_json(spec.workload)},
          {"force", spec.force}};
}

Result<RestoreSpec> restore_spec_from_json(const Json& json) {
  JsonReader reader(json, "");
  RestoreSpec spec;
  reader.nested("kube", spec.kube, kube_from_json);
  reader.nested("target", spec.workload, target_from_json);
  reader.flag("force", spec.force);
  return checked(reader, std::move(spec));
}

Json to_json(const KubeAccess& kube) { return {{"kube", to_json(kube, Include::kEverything)}}; }

Result<KubeAccess> kube_access_from_json(const Json& json) {
  JsonReader reader(json, "");
  KubeAccess kube;
  reader.nested("kube", kube, kube_from_json);
  reader.refuse_unknown_members();
  return reader.finish(std::move(kube));
}

Json to_json(const SwapStatus& swap) {
  return {{"swapId", swap.swap_id},
          {"container", swap.container},
          {"standIn", swap.stand_in},
          {"pod", swap.pod},
          {"phase", name_of(swap.phase)},
          {"ports", list_of(swap.ports)},
          {"probes", list_of(swap.probes)},
          {"ready", swap.ready},
          {"orphanRestore", swap.orphan_restore},
          {"originalReplicas", swap.original_replicas},
          {"orphanTimeoutSeconds", swap.orphan_timeout_seconds}};
}

Result<SwapStatus> swap_status_at(const Json& json, const std::string& path) {
  JsonReader reader(json, path);
  SwapStatus swap;
  reader.text("swapId", swap.swap_id);
  reader.text("container", swap.container);
  reader.text("standIn", swap.stand_in);
  reader.text("pod", swap.pod);
  reader.name("phase", swap.phase, SwapPhase::kOver);
  reader.list("ports", swap.ports, kMaxPorts, exposed_at);
  reader.list("probes", swap.probes, kMaxList, probe_at);
  reader.flag("ready", swap.ready);
  reader.flag("orphanRestore", swap.orphan_restore);
  reader.number("originalReplicas", swap.original_replicas);
  reader.number("orphanTimeoutSeconds", swap.orphan_timeout_seconds);
  return reader.finish(std::move(swap));
}

Json to_json(const SwapPlanText& plan) {
  Json warnings = Json::array();
  for (const auto& warning : plan.warnings) warnings.push_back(to_json(warning));
  Json objects = Json::array();
  for (const auto& object : plan.objects) objects.push_back(Json::parse(object, nullptr, false));
  return {
      {"steps", plan.steps}, {"warnings", std::move(warnings)}, {"objects", std::move(objects)}};
}

Result<SwapPlanText> swap_plan_from_json(const Json& json) {
  JsonReader reader(json, "");
  SwapPlanText plan;
  reader.texts("steps", plan.steps, kMaxList);
  reader.list("warnings", plan.warnings, kMaxList, error_at);
  reader.list(
      "objects", plan.objects, kMaxList,
      [](const Json& object, const std::string&) -> Result<std::string> { return dump(object); });
  return reader.finish(std::move(plan));
}

Json to_json(const SwapListing& swap) {
  Json json = {{"target", to_json(swap.workload)},
               {"namespace", swap.kube_namespace},
               {"swapId", swap.swap_id},
               {"owner", swap.owner},
               {"standIn", swap.stand_in},
               {"since", time_to_json(swap.since)},
               {"state", swap.state}};
  if (swap.replicas) json["replicas"] = *swap.replicas;
  return json;
}

Json to_json(const std::vector<SwapListing>& swaps) { return {{"swaps", list_of(swaps)}}; }

Result<std::vector<SwapListing>> swap_listings_from_json(const Json& json) {
  JsonReader reader(json, "");
  std::vector<SwapListing> swaps;
  reader.list("swaps", swaps, kMaxLinks, listing_at);
  return reader.finish(std::move(swaps));
}

}  // namespace ferry::control
