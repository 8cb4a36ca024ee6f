#include "cli/swap_specs.h"

#include "cli/kube_context.h"
#include "cli/settings.h"
#include "cli/target_args.h"

namespace ferry::cli {
namespace {

// problem_of() names members of the JSON; the command line has words of its own.
tl::unexpected<Error> refused(Error problem, const std::string& target) {
  problem.code = ErrorCode::kUsage;
  const bool ports = problem.what == "reading expose";
  problem.what = ports ? "reading --expose" : "reading the target '" + target + "'";
  return fail(std::move(problem));
}

Status read_seconds(const std::string& option, const std::string& text, std::uint32_t& out) {
  if (text.empty()) return {};
  const auto time = parse_duration(text);
  if (!time) {
    auto error = time.error();
    error.what += " of " + option;
    return fail(std::move(error));
  }
  out = static_cast<std::uint32_t>(time->count());
  return {};
}

}  // namespace

control::KubeAccess kube_access(const Invocation& invocation,
                                const std::map<std::string, std::string>& environment,
                                const std::string& working_directory) {
  control::KubeAccess kube;
  kube.kubeconfig = invocation.kubeconfig;
  if (!kube.kubeconfig.empty() && kube.kubeconfig.front() != '/') {
    kube.kubeconfig = working_directory + "/" + kube.kubeconfig;
  }
  kube.context = invocation.context;
  kube.kube_namespace = invocation.kube_namespace;
  kube.working_directory = working_directory;
  kube.environment = environment;
  return kube;
}

Result<control::SwapSpec> swap_spec(const Invocation& invocation, const control::GetEnv& get_env) {
  const auto& args = invocation.swap;
  auto target = parse_swap_target(args.target);
  if (!target) return fail(target.error());
  control::SwapSpec spec;
  spec.workload = std::move(target->workload);
  spec.container = std::move(target->container);
  for (const auto& text : args.expose) {
    auto port = parse_expose(text);
    if (!port) return fail(port.error());
    spec.expose.push_back(std::move(*port));
  }
  if (!args.probes.empty()) {
    const auto mode = parse_probe_mode(args.probes);
    if (!mode) return fail(mode.error());
    spec.probes = *mode;
  }
  spec.keep_original = args.keep_original;
  spec.force = args.force;
  spec.detach = args.detach;
  spec.proxy_protocol = args.proxy_protocol;
  spec.restart = args.restart;
  const auto orphan =
      read_seconds("--orphan-timeout", args.orphan_timeout, spec.orphan_timeout_seconds);
  if (!orphan) return fail(orphan.error());
  const auto step = read_seconds("--timeout", args.step_timeout, spec.step_timeout_seconds);
  if (!step) return fail(step.error());
  if (auto problem = problem_of(spec)) return refused(std::move(*problem), args.target);

  std::string context = invocation.context;
  if (context.empty()) context = current_context(invocation.kubeconfig, get_env);
  const auto settings = load_settings(get_env, context, invocation.settings);
  if (!settings) return fail(settings.error());
  spec.proxy = proxy_options(*settings);
  spec.proxy.idle_exit_seconds = 0;  // a stand-in stays for as long as its swap
  return spec;
}

Result<control::RestoreSpec> restore_spec(const Invocation& invocation) {
  auto workload = parse_workload(invocation.workload);
  if (!workload) return fail(workload.error());
  control::RestoreSpec spec{
      .kube = {}, .workload = std::move(*workload), .force = invocation.force};
  if (auto problem = problem_of(spec)) return refused(std::move(*problem), invocation.workload);
  return spec;
}

}  // namespace ferry::cli
