#include "daemon/swap/swap_requests.h"

#include <ctime>
#include <utility>

#include "daemon/swap/swap_steps.h"
#include "kube/swap/list.h"

namespace ferry::daemon {
namespace {

std::vector<std::string> objects_of(const swap::SwapPlan& plan) {
  std::vector<std::string> objects = {plan.stand_in.dump()};
  for (const auto& object : plan.owned) objects.push_back(object.dump());
  return objects;
}

control::TargetKind target_kind_of(swap::WorkloadKind kind) {
  switch (kind) {
    case swap::WorkloadKind::kStatefulSet: return control::TargetKind::kStatefulSet;
    case swap::WorkloadKind::kReplicaSet: return control::TargetKind::kReplicaSet;
    case swap::WorkloadKind::kDeployment: break;
  }
  return control::TargetKind::kDeployment;
}

// From RFC 3339 in UTC; 0 where the text is something else.
control::UnixMillis millis_of(const std::string& rfc3339) {
  std::tm time{};
  const char* end = strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%SZ", &time);
  if (end == nullptr || *end != '\0') return 0;
  return control::UnixMillis{timegm(&time)} * 1000;
}

std::string outcome(const control::Target& workload, const swap::RestoreReport& report) {
  const std::string name = to_string(workload);
  if (!report.found) return name + " is not swapped: there was nothing to restore";
  return name + " is restored: " + std::to_string(report.replicas) +
         (report.replicas == 1 ? " replica" : " replicas") +
         (report.owner.empty() ? "" : " (it was swapped by " + report.owner + ")");
}

}  // namespace

Result<control::SwapPlanText> plan_text(Backend& backend, const control::SwapSpec& spec,
                                        const kube::CancelToken& cancel) {
  swap::RealPace pace;
  auto read =
      read_plan(backend, spec, random_hex(12), {.cancel = cancel, .pace = pace, .progress = {}});
  if (!read) return fail(read.error());
  return control::SwapPlanText{.steps = std::move(read->plan.steps),
                               .warnings = std::move(read->plan.warnings),
                               .objects = objects_of(read->plan)};
}

Result<std::vector<control::SwapListing>> list_swaps(Backend& backend,
                                                     const control::KubeAccess& kube,
                                                     const kube::CancelToken& cancel) {
  const auto cluster = backend.open_cluster(kube);
  if (!cluster) return fail(cluster.error());
  swap::RealPace pace;
  swap::Run run{.api = *cluster->api, .pace = pace, .cancel = cancel, .progress = {}, .limits = {}};
  const auto found = swap::list_swaps(run, cluster->ns);
  if (!found) return fail(found.error());
  std::vector<control::SwapListing> listings;
  for (const auto& swap : *found) {
    listings.push_back(
        {.workload = {target_kind_of(swap.original.kind), swap.original.name},
         .kube_namespace = swap.original.ns,
         .swap_id = swap.record.id,
         .owner = swap.record.owner,
         .stand_in = swap.record.stand_in,
         .since = millis_of(swap.record.since),
         .replicas = swap.readable ? std::optional(swap.record.replicas) : std::nullopt,
         .state = swap.state});
  }
  return listings;
}

Result<std::string> restore_swap(Backend& backend, const control::RestoreSpec& spec,
                                 const std::function<void(const control::Event&)>& on_event,
                                 const kube::CancelToken& cancel) {
  const auto tell = [&](control::EventKind kind, const std::string& message) {
    on_event({.kind = kind, .time = control::unix_millis_now(), .message = message});
  };
  const auto cluster = backend.open_cluster(spec.kube);
  if (!cluster) return fail(cluster.error());
  swap::RealPace pace;
  swap::Run run{
      .api = *cluster->api,
      .pace = pace,
      .cancel = cancel,
      .progress = [&](const std::string& line) { tell(control::EventKind::kProgress, line); },
      .limits = {}};
  const auto report = swap::restore(run, {.original = workload_ref(spec.workload, cluster->ns),
                                          .id = {},
                                          .owner = local_owner(),
                                          .force = spec.force,
                                          .holder = backend.installation_id()});
  if (!report) return fail(report.error());
  for (const auto& note : report->notes) tell(control::EventKind::kNotice, note);
  return outcome(spec.workload, *report);
}

}  // namespace ferry::daemon
