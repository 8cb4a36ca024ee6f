#include "kube/swap/stand_in.h"

#include <algorithm>
#include <utility>

#include "kube/json_field.h"
#include "kube/model.h"
#include "kube/swap/objects.h"
#include "kube/swap/services.h"
#include "kube/swap/update.h"
#include "kube/swap/waiting.h"

namespace ferry::swap {
namespace {

using kube::Json;

std::string stand_in_called(const SwapPlan& plan) {
  return "deployment/" + plan.record.stand_in + " in namespace " + plan.request.original.ns;
}

// The Deployment, as the API server has it.
Result<Json> create_deployment(Run& run, const SwapPlan& plan) {
  const std::string& ns = plan.request.original.ns;
  tell(run, "deployment/" + plan.record.stand_in + ": creating the stand-in");
  const Result<Json> created = run.api.create(kube::kDeployments, ns, plan.stand_in, run.cancel);
  if (created || created.error().code != ErrorCode::kAlreadyExists) return created;
  Result<Json> there = run.api.get(kube::kDeployments, ns, plan.record.stand_in, run.cancel);
  if (!there || stand_in_id(*there) == plan.record.id) return there;
  const Result<Record> record = parse_record(record_text(*there));
  const std::string whose = record ? "it is the stand-in of " + held_by(*record)
                                   : "one of that name is there, and it is not Ferry's";
  return fail(ErrorCode::kAlreadyExists, "creating " + stand_in_called(plan), whose,
              record ? "ask them, or take it over with --force" : "rename it or remove it");
}

Status create_owned(Run& run, const SwapPlan& plan, const TlsMaterial& tls, const Json& stand_in) {
  for (const Json& planned : plan.owned) {
    Json object = planned;
    set_owner(object, stand_in);
    // The first Secret is the one for TLS.
    if (&planned == &plan.owned.front()) {
      object["stringData"] = {
          {"ca.crt", tls.ca_pem}, {"tls.crt", tls.certificate_pem}, {"tls.key", tls.key_pem}};
    }
    const auto created =
        run.api.create(resource_of_owned(object), plan.request.original.ns, object, run.cancel);
    if (created || created.error().code == ErrorCode::kAlreadyExists) continue;
    return fail(created.error());
  }
  return {};
}

Status scale_up(Run& run, const SwapPlan& plan) {
  const auto make_patch = [](const Json& object) -> Result<Json> {
    if (replicas_of(object) == 1) return Json();
    Json patch;
    patch["spec"]["replicas"] = 1;
    return patch;
  };
  const auto scaled =
      update(run, kube::kDeployments, plan.request.original.ns, plan.record.stand_in, make_patch);
  return scaled ? Status{} : Status(fail(scaled.error()));
}

std::string creation_of(const Json& pod) {
  return kube::text_field(kube::field(pod, "metadata"), "creationTimestamp");
}

std::uint16_t tunnel_port_of(const kube::Pod& pod) {
  for (const kube::Container& container : pod.containers) {
    for (const kube::ContainerPort& port : container.ports) {
      if (port.name == "ferry-tunnel") return port.port;
    }
  }
  return 0;
}

bool proxy_runs(const Json& pod, const kube::Pod& parsed) {
  for (const kube::Container& container : parsed.containers) {
    const bool ours = std::any_of(container.ports.begin(), container.ports.end(),
                                  [](const auto& port) { return port.name == "ferry-tunnel"; });
    if (!ours) continue;
    for (const Json& status : kube::array_field(kube::field(pod, "status"), "containerStatuses")) {
      if (kube::text_field(status, "name") == container.name) {
        return kube::field(kube::field(status, "state"), "running").is_object();
      }
    }
  }
  return false;
}

}  // namespace

Status create_stand_in(Run& run, const SwapPlan& plan, const TlsMaterial& tls) {
  const Result<Json> stand_in = create_deployment(run, plan);
  if (!stand_in) return fail(stand_in.error());
  if (Status owned = create_owned(run, plan, tls, *stand_in); !owned) return owned;
  return scale_up(run, plan);
}

Result<StandInPod> find_stand_in_pod(Run& run, const std::string& ns, const std::string& id) {
  const auto list =
      run.api.list(kube::kPods, ns, {std::string(kStandInLabel) + "=" + id, {}}, run.cancel);
  if (!list) return fail(list.error());
  const Json* newest = nullptr;
  for (const Json& pod : list->items) {
    const kube::Pod parsed = kube::parse_pod(pod);
    if (parsed.terminating || parsed.phase == "Failed" || parsed.phase == "Succeeded") continue;
    if (newest == nullptr || creation_of(pod) > creation_of(*newest)) newest = &pod;
  }
  StandInPod found;
  found.trouble = "it has no pod yet";
  if (newest == nullptr) return found;
  const kube::Pod pod = kube::parse_pod(*newest);
  found.name = pod.name;
  found.uid = pod.uid;
  found.port = tunnel_port_of(pod);
  found.running = proxy_runs(*newest, pod);
  found.ready = pod.ready;
  found.trouble = pod.trouble();
  return found;
}

Result<StandInPod> wait_stand_in_running(Run& run, const SwapPlan& plan) {
  StandInPod pod;
  const auto look = [&]() -> Result<std::optional<std::string>> {
    auto found = find_stand_in_pod(run, plan.request.original.ns, plan.record.id);
    if (!found) return fail(found.error());
    pod = std::move(*found);
    if (pod.hopeless) return fail(*pod.hopeless);
    if (pod.running) return std::optional<std::string>();
    return std::optional(pod.trouble);
  };
  const Status waited = wait_until(run, stand_in_called(plan), run.limits.step, look);
  if (!waited) return fail(waited.error());
  return pod;
}

Result<StandInPod> wait_stand_in_ready(Run& run, const SwapPlan& plan, bool patient) {
  const std::string& ns = plan.request.original.ns;
  StandInPod pod;
  const auto look = [&]() -> Result<std::optional<std::string>> {
    auto found = find_stand_in_pod(run, ns, plan.record.id);
    if (!found) return fail(found.error());
    pod = std::move(*found);
    if (pod.hopeless) return fail(*pod.hopeless);
    if (!pod.ready) return std::optional(pod.trouble);
    for (const PlannedService& service : plan.services) {
      const auto endpoints = endpoints_of(run, ns, service.name);
      if (!endpoints) return fail(endpoints.error());
      if (!has_ready(*endpoints, pod.name)) {
        return std::optional("not among the endpoints of service/" + service.name + " yet");
      }
    }
    return std::optional<std::string>();
  };
  const std::optional<Duration> limit = patient ? std::nullopt : std::optional(run.limits.step);
  const Status waited = wait_until(run, stand_in_called(plan), limit, look);
  if (!waited) return fail(waited.error());
  return pod;
}

}  // namespace ferry::swap
