#include "daemon/swap/swap_steps.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/probe/probe.h"
#include "daemon/problems.h"
#include "daemon/proxy_install.h"
#include "kube/text.h"

namespace ferry::daemon {
namespace {

constexpr Duration kWatchPause = std::chrono::seconds(2);
constexpr Duration kFirstStepRetry = std::chrono::seconds(1);
constexpr Duration kLastRetry = std::chrono::seconds(30);
constexpr int kBlindRetries = 5;  // half a minute, while not even reading is allowed

swap::Run run_of(kube::Api& api, const StepContext& context) {
  swap::Run run{.api = api,
                .pace = context.pace,
                .cancel = context.cancel,
                .progress = context.progress,
                .limits = {}};
  if (context.step_timeout > Duration::zero()) run.limits.step = context.step_timeout;
  return run;
}

swap::WorkloadKind workload_kind_of(control::TargetKind kind) {
  switch (kind) {
    case control::TargetKind::kStatefulSet: return swap::WorkloadKind::kStatefulSet;
    case control::TargetKind::kReplicaSet: return swap::WorkloadKind::kReplicaSet;
    default: return swap::WorkloadKind::kDeployment;
  }
}

std::optional<kube::PortRef> remote_of(const control::PortRef& port) {
  if (!port.name.empty()) return kube::PortRef(port.name);
  if (port.number != 0) return kube::PortRef(port.number);
  return {};
}

// Whether another attempt may fare better.
bool worth_another(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUnreachable:
    case ErrorCode::kTimedOut:
    case ErrorCode::kUnavailable:
    case ErrorCode::kReset:
    case ErrorCode::kProtocol:
    case ErrorCode::kUnauthenticated:
    case ErrorCode::kIo: return true;
    default: return false;
  }
}

// Null where the object is gone; nothing where the API server can't say.
std::optional<kube::Json> look(kube::Api& api, const kube::Resource& resource,
                               const std::string& ns, const std::string& name,
                               const StepContext& context) {
  auto object = api.get(resource, ns, name, context.cancel);
  if (object) return std::move(*object);
  if (object.error().code == ErrorCode::kNotFound) return kube::Json();
  return {};
}

// What kubelets of the cluster's version say they are. It is worth no error.
std::string read_version(kube::Api& api, const StepContext& context) {
  const auto answer = api.request({.path = "/version"}, context.cancel);
  if (!answer || !answer->is_object()) return {};
  const auto part = [&](const char* name) {
    const auto found = answer->find(name);
    return found != answer->end() && found->is_string() ? found->get<std::string>() : "";
  };
  const std::string version = part("major") + "." + part("minor");
  const bool plausible =
      version.size() < 16 && version.find_first_not_of("0123456789.+") == version.npos;
  return plausible ? version : "";
}

// A probe's command comes from the cluster, and runs on this machine.
void warn_of_commands(swap::SwapPlan& plan, const control::SwapSpec& spec) {
  if (spec.probes != control::ProbeMode::kFollow && spec.probes != control::ProbeMode::kHold) {
    return;
  }
  const auto probes = parse_probes(plan.container_spec);
  if (!probes) return;  // whoever runs them says so
  for (const ProbeKind kind : {ProbeKind::kStartup, ProbeKind::kReadiness, ProbeKind::kLiveness}) {
    const auto& probe = probes->of(kind);
    const auto* exec = probe ? std::get_if<ExecAction>(&probe->action) : nullptr;
    if (exec == nullptr) continue;
    std::string words;
    for (const auto& word : exec->command) words += (words.empty() ? "" : " ") + word;
    plan.warnings.push_back(
        Error{problem::kProbeRunsHere,
              kube::to_lower(std::string(name_of(kind))) + " probe of container " + plan.container,
              "its command runs on this machine, in this environment: " + words.substr(0, 200),
              "--probes none keeps it from that"});
  }
}

// Repeats `attempt` for as long as it fails in a way that another one may not.
template <typename Worth, typename Attempt>
auto for_sure(const StepContext& context, Worth worth, Attempt attempt) {
  for (Duration wait = kFirstStepRetry;; wait = std::min(wait * 2, kLastRetry)) {
    auto result = attempt();
    if (result || !worth(result.error())) return result;
    if (context.on_trouble) context.on_trouble(result.error());
    if (!context.pace.sleep_for(wait, context.cancel)) return result;
  }
}

// What `now` warns of and `before` didn't, and `more`.
std::vector<Error> new_warnings(const swap::SwapPlan& before, const swap::SwapPlan& now,
                                std::vector<Error> more) {
  for (const auto& warning : now.warnings) {
    const bool known =
        std::any_of(before.warnings.begin(), before.warnings.end(),
                    [&](const Error& old) { return old.summary() == warning.summary(); });
    if (!known) more.push_back(warning);
  }
  return more;
}

}  // namespace

std::string local_owner() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host = {'?'};
  std::array<char, 4096> text{};
  passwd entry{};
  passwd* user = nullptr;  // stays so if it is unknown, or doesn't fit
  static_cast<void>(getpwuid_r(geteuid(), &entry, text.data(), text.size(), &user));
  return (user != nullptr ? std::string(user->pw_name) : std::to_string(geteuid())) + "@" +
         host.data();
}

swap::WorkloadRef workload_ref(const control::Target& workload, const std::string& ns) {
  return {.ns = ns, .kind = workload_kind_of(workload.kind), .name = workload.name};
}

Result<swap::SwapRequest> swap_request(const control::SwapSpec& spec, const std::string& ns,
                                       const std::string& swap_id) {
  swap::SwapRequest request{
      .original = workload_ref(spec.workload, ns),
      .container = spec.container,
      .id = swap_id,
      .owner = local_owner(),
      .image = spec.proxy.image.empty() ? default_proxy_image() : spec.proxy.image,
      .image_pull_policy = spec.proxy.pull_policy,
      .pull_secrets = spec.proxy.pull_secrets,
      .keep_original = spec.keep_original,
      .force = spec.force};
  if (request.image.empty()) {
    return fail(problem::kNoImage, "swapping " + to_string(spec.workload),
                "no image is known for the proxy that stands in", "name one with --image");
  }
  for (const auto& port : spec.expose) {
    request.expose.push_back({.local = port.local, .remote = remote_of(port.remote)});
  }
  if (spec.orphan_timeout_seconds != 0) {
    request.orphan_timeout = std::chrono::seconds(spec.orphan_timeout_seconds);
  }
  return request;
}

Result<ReadPlan> read_plan(Backend& backend, const control::SwapSpec& spec,
                           const std::string& swap_id, const StepContext& context) {
  auto cluster = backend.open_cluster(spec.kube);
  if (!cluster) return fail(cluster.error());
  auto request = swap_request(spec, cluster->ns, swap_id);
  if (!request) return fail(request.error());
  request->holder = backend.installation_id();
  auto run = run_of(*cluster->api, context);
  auto plan = swap::plan_swap(run, *request);
  if (!plan) return fail(plan.error());
  warn_of_commands(*plan, spec);
  std::string version = read_version(*cluster->api, context);
  return ReadPlan{std::move(*cluster), std::move(*plan), std::move(version)};
}

Result<ReadPlan> read_plan_for_sure(Backend& backend, const control::SwapSpec& spec,
                                    const std::string& swap_id, const StepContext& context) {
  auto read =
      for_sure(context, worth_another, [&] { return read_plan(backend, spec, swap_id, context); });
  if (!read) return read;
  const auto& ns = read->cluster.ns;
  const auto stand_in =
      look(*read->cluster.api, kube::kDeployments, ns, read->plan.record.stand_in, context);
  if (stand_in && swap::stand_in_id(*stand_in) != swap_id) {
    return fail(problem::kSwapGone, "taking up the swap of " + to_string(spec.workload),
                "it was restored meanwhile: by its stand-in, which was left alone, or by somebody",
                "swap it again when you need it");
  }
  return read;
}

Result<Started> start_stand_in(Backend& backend, const Cluster& cluster, const swap::SwapPlan& plan,
                               const StepContext& context) {
  auto identity = backend.swap_identity(cluster, plan.record.id);
  if (!identity) return fail(identity.error());
  auto run = run_of(*cluster.api, context);
  auto clear = swap::clear_the_way(run, plan);
  if (!clear) return fail(clear.error());
  const swap::TlsMaterial tls{.ca_pem = identity->ca_pem,
                              .certificate_pem = identity->proxy.certificate_pem,
                              .key_pem = identity->proxy.key_pem};
  auto created = swap::create_stand_in(run, *clear, tls);
  if (!created) return fail(created.error());
  clear->orphan_restore = created->orphan_restore;
  auto pod = swap::wait_stand_in_running(run, *clear);
  if (!pod) return fail(pod.error());
  auto warnings = new_warnings(plan, *clear, std::move(created->warnings));
  return Started{std::move(*identity), std::move(*clear), std::move(warnings), std::move(*pod)};
}

Result<swap::TakenOver> take_over(kube::Api& api, const swap::SwapPlan& plan,
                                  const StepContext& context) {
  auto run = run_of(api, context);
  if (auto ready = swap::wait_stand_in_ready(run, plan); !ready) return fail(ready.error());
  return swap::take_over(run, plan);
}

void watch_swap(kube::Api& api, const swap::SwapPlan& plan, bool taken_over,
                swap::SwapObserver& observer,
                const std::function<void(const swap::Change&)>& on_change,
                const StepContext& context) {
  auto run = run_of(api, context);
  const auto& original = plan.request.original;
  const auto tell = [&](const std::vector<swap::Change>& changes) {
    for (const auto& change : changes) on_change(change);
  };
  do {
    const auto stand_in = look(api, kube::kDeployments, original.ns, plan.record.stand_in, context);
    if (stand_in) observer.look_for_taker(*stand_in);
    if (taken_over) {
      const auto object =
          look(api, resource_of(original.kind), original.ns, original.name, context);
      if (object) tell(observer.look_at_original(*object));
    }
    if (stand_in) tell(observer.look_at_stand_in(*stand_in));
    const auto pod = swap::find_stand_in_pod(run, original.ns, plan.record.id);
    if (pod && !pod->name.empty()) tell(observer.look_at_pod(pod->name, pod->uid));
  } while (context.pace.sleep_for(kWatchPause, context.cancel));
}

Result<swap::RestoreReport> restore_for_sure(Backend& backend, const control::KubeAccess& kube,
                                             const control::Target& workload,
                                             swap::RestoreRequest request,
                                             const StepContext& context) {
  int blind = 0;  // attempts in a row that may not even read the original
  const auto worth = [&](const Error& error) {
    return error.code != ErrorCode::kCancelled && blind <= kBlindRetries;
  };
  return for_sure(context, worth, [&]() -> Result<swap::RestoreReport> {
    const auto cluster = backend.open_cluster(kube);
    if (!cluster) return fail(cluster.error());
    request.original = workload_ref(workload, cluster->ns);
    const auto& original = request.original;
    const auto seen =
        cluster->api->get(resource_of(original.kind), original.ns, original.name, context.cancel);
    // As where the namespace has gone, and the rights in it as well.
    blind = !seen && seen.error().code == ErrorCode::kForbidden ? blind + 1 : 0;
    if (blind > 0) return fail(seen.error());
    auto run = run_of(*cluster->api, context);
    return swap::restore(run, request);
  });
}

}  // namespace ferry::daemon
