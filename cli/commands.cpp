#include "cli/commands.h"

#include "base/version.h"
#include "cli/bundle.h"
#include "cli/cluster.h"
#include "cli/command_line.h"
#include "cli/completion_answer.h"
#include "cli/daemon_access.h"
#include "cli/daemon_start.h"
#include "cli/debug.h"
#include "cli/diagnosis.h"
#include "cli/doctor.h"
#include "cli/exec.h"
#include "cli/exit_code.h"
#include "cli/forward.h"
#include "cli/forward_specs.h"
#include "cli/generate.h"
#include "cli/ide/ide.h"
#include "cli/kube_context.h"
#include "cli/leave.h"
#include "cli/log_tail.h"
#include "cli/output.h"
#include "cli/problems.h"
#include "cli/quit.h"
#include "cli/redact.h"
#include "cli/restore.h"
#include "cli/self_test.h"
#include "cli/settings.h"
#include "cli/status_watch.h"
#include "cli/swap.h"
#include "cli/swap_output.h"
#include "cli/swap_specs.h"
#include "cli/workload_logs.h"

namespace ferry::cli {
namespace {

// One run of a command: what all of them need at hand.
class Run {
 public:
  Run(const Invocation& invocation, Terminal& terminal, const Surroundings& surroundings)
      : invocation_(invocation), terminal_(terminal), surroundings_(surroundings) {}

  int go();

 private:
  int forward_links();
  int swap_workload();
  int dry_run(control::SwapSpec spec);
  int restore_workload();
  int diagnose();
  int doctor();
  int list_swaps();
  int status();
  int list();
  int leave();
  int quit();
  int logs();
  int workload_logs();
  int exec();
  int debug();
  int ide();
  int show_version();
  int config();
  int completion();
  int complete();
  int generate();

  int complain(const Error& error);
  control::KubeAccess kube() const {
    return kube_access(invocation_, surroundings_.environment, surroundings_.working_directory);
  }
  View view() const { return {invocation_.output, control::unix_millis_now()}; }

  const Invocation& invocation_;
  Terminal& terminal_;
  const Surroundings& surroundings_;
  const DaemonAccess daemon_{invocation_, terminal_, surroundings_.get_env};
};

int Run::complain(const Error& error) {
  terminal_.error(error);
  return exit_code_of(error.code);
}

int Run::forward_links() {
  auto specs = forward_specs(invocation_, surroundings_.get_env, surroundings_.environment,
                             surroundings_.working_directory);
  if (!specs) return complain(specs.error());
  const auto& args = invocation_.forward;
  const bool structured = invocation_.output != OutputFormat::kTable;
  const bool document = structured && args.detach;
  const ForwardOptions options{.detach = args.detach,
                               .json = invocation_.output == OutputFormat::kJson && !args.detach,
                               .quiet = document,
                               .daemon = [this] { return daemon_.started(); },
                               .program = invocation_.program};
  const auto result = forward(std::move(*specs), terminal_, options);
  if (document) {
    terminal_.print(links_text(result.links, view()));
    return result.exit_code;
  }
  for (const auto& link : result.links) {
    terminal_.note("link " + link.id + " stays; '" + invocation_.program + " leave " + link.id +
                   "' ends it");
  }
  return result.exit_code;
}

int Run::swap_workload() {
  auto spec = swap_spec(invocation_, surroundings_.get_env);
  if (!spec) return complain(spec.error());
  spec->kube = kube();
  const auto& args = invocation_.swap;
  if (args.dry_run) return dry_run(std::move(*spec));
  const bool structured = invocation_.output != OutputFormat::kTable;
  const bool document = structured && args.detach;
  const SwapOptions options{.args = args,
                            .json = invocation_.output == OutputFormat::kJson && !args.detach,
                            .quiet = document,
                            .daemon = [this] { return daemon_.started(); },
                            .environment = surroundings_.whole_environment,
                            .program = invocation_.program};
  const auto result = swap(std::move(*spec), terminal_, options);
  if (document && result.link) terminal_.print(links_text({*result.link}, view()));
  if (!document && result.link) {
    if (result.link->swap && result.link->swap->phase == control::SwapPhase::kWaiting) {
      terminal_.note("it is swapped as soon as the local process takes callers");
    }
    terminal_.note("link " + result.link->id + " stays; '" + invocation_.program + " leave " +
                   result.link->id + "' puts it back");
  }
  return result.exit_code;
}

int Run::dry_run(control::SwapSpec spec) {
  const auto client = daemon_.started();
  if (!client) return complain(client.error());
  const auto plan = client->plan_swap(spec);
  if (!plan) return complain(plan.error());
  terminal_.print(plan_text(*plan, view()));
  return kExitDone;
}

int Run::restore_workload() {
  auto spec = restore_spec(invocation_);
  if (!spec) return complain(spec.error());
  spec->kube = kube();
  const auto client = daemon_.started();
  if (!client) return complain(client.error());
  return restore(
      *client, *spec, terminal_,
      {.json = invocation_.output == OutputFormat::kJson, .program = invocation_.program});
}

int Run::diagnose() {
  auto spec = diagnose_spec(invocation_);
  if (!spec) return complain(spec.error());
  spec->kube = kube();
  const auto client = daemon_.started();
  if (!client) return complain(client.error());
  const auto diagnosis = client->diagnose(*spec);
  if (!diagnosis) return complain(diagnosis.error());
  terminal_.print(diagnosis_text(*diagnosis, view()));
  return diagnosis->findings.empty() ? kExitDone : kExitFailed;
}

int Run::doctor() {
  const auto examination = examine(kube(), surroundings_.get_env, invocation_.program);
  terminal_.print(examination_text(examination, view()));
  const int outcome = examination.fine() ? kExitDone : kExitFailed;
  if (invocation_.bundle.empty()) return outcome;
  const auto paths = control::paths(surroundings_.get_env);
  if (!paths) return complain(paths.error());
  auto contents = bundle_contents(*paths, surroundings_.get_env, surroundings_.environment);
  contents["doctor.json"] =
      redacted(examination_text(examination, {OutputFormat::kJson, control::unix_millis_now()}));
  const auto written = write_bundle(invocation_.bundle, contents, surroundings_.environment);
  if (!written) return complain(written.error());
  terminal_.note("wrote " + invocation_.bundle + "; secrets are removed, look at it all the same");
  return outcome;
}

int Run::list_swaps() {
  const auto client = daemon_.started();
  if (!client) return complain(client.error());
  const auto swaps = client->list_swaps(kube());
  if (!swaps) return complain(swaps.error());
  terminal_.print(swaps_text(*swaps, view()));
  return kExitDone;
}

int Run::status() {
  const auto client = daemon_.of_links();
  if (!client) return complain(client.error());
  TestedLinks tests;
  if (invocation_.test && *client) {
    const auto tested = test_links(**client, terminal_);
    if (!tested) return complain(tested.error());
    tests = *tested;
    if (!tests.late.empty()) complain(late_tests(tests));
  }
  if (invocation_.watch) {
    const auto paths = control::paths(surroundings_.get_env);
    if (!paths) return complain(paths.error());
    return watch_status(control::Client(paths->socket), terminal_,
                        invocation_.output == OutputFormat::kJson);
  }
  if (!*client) {
    terminal_.print(status_text(std::nullopt, view()));
    return kExitDone;
  }
  const auto status = (*client)->status();
  if (!status) return complain(status.error());
  terminal_.print(status_text(*status, view()));
  return tests.fine ? kExitDone : kExitFailed;
}

int Run::list() {
  if (invocation_.swaps) return list_swaps();
  const auto client = daemon_.of_links();
  if (!client) return complain(client.error());
  auto links = *client ? (*client)->links() : std::vector<control::LinkStatus>();
  if (!links) return complain(links.error());
  std::erase_if(*links, [this](const control::LinkStatus& link) {
    const auto& ns = invocation_.kube_namespace;
    const auto& context = invocation_.context;
    return (!ns.empty() && link.kube_namespace != ns) ||
           (!context.empty() && link.context != context);
  });
  terminal_.print(links_text(*links, view()));
  return kExitDone;
}

int Run::leave() {
  const auto client = daemon_.of_links();
  if (!client) return complain(client.error());
  auto links = *client ? (*client)->links() : std::vector<control::LinkStatus>();
  if (!links) return complain(links.error());
  const auto chosen = choose_links(invocation_, *links);
  if (!chosen) return complain(chosen.error());
  if (chosen->empty()) terminal_.print("no links\n");
  return chosen->empty() ? kExitDone : end_links(**client, *chosen, terminal_, invocation_.program);
}

int Run::quit() {
  const auto client = daemon_.of_links();
  if (!client) return complain(client.error());
  if (!*client) {
    terminal_.print("ferryd is not running\n");
    return kExitDone;
  }
  if (const auto asked = (*client)->quit(); !asked) return complain(asked.error());
  const auto ended = wait_for_end(**client, terminal_, invocation_.program);
  if (!ended) return complain(ended.error());
  terminal_.print("ferryd has ended\n");
  const auto paths = control::paths(surroundings_.get_env);
  if (!paths || !swaps_are_left(*paths)) return kExitDone;
  return complain({problem::kQuitIncomplete, "putting back what was swapped",
                   "ferryd ended before it was through" + (ended->empty() ? "" : " with " + *ended),
                   "the next '" + invocation_.program + "' command goes on with it"});
}

int Run::workload_logs() {
  const auto spec = logs_spec(invocation_);
  if (!spec) return complain(spec.error());
  end_at_once_on_signals();
  const auto cluster = open_cluster(kube());
  if (!cluster) return complain(cluster.error());
  const auto printed = print_logs(*cluster, *spec, terminal_, invocation_.program);
  return printed ? kExitDone : complain(printed.error());
}

int Run::exec() {
  const auto spec = exec_spec(invocation_);
  if (!spec) return complain(spec.error());
  end_at_once_on_signals();
  const auto cluster = open_cluster(kube());
  if (!cluster) return complain(cluster.error());
  const auto exit_code = run_in_container(*cluster, *spec, terminal_, invocation_.program);
  return exit_code ? *exit_code : complain(exit_code.error());
}

int Run::debug() {
  const auto spec = debug_spec(invocation_);
  if (!spec) return complain(spec.error());
  const auto cluster = open_cluster(kube());
  if (!cluster) return complain(cluster.error());
  const auto exit_code = cli::debug(*cluster, *spec, terminal_, invocation_.program);
  return exit_code ? *exit_code : complain(exit_code.error());
}

int Run::ide() {
  const auto done =
      ide::run(invocation_, surroundings_.get_env, surroundings_.working_directory, terminal_);
  return done ? kExitDone : complain(done.error());
}

int Run::logs() {
  if (!invocation_.logs.target.empty()) return workload_logs();
  const auto paths = control::paths(surroundings_.get_env);
  if (!paths) return complain(paths.error());
  const auto text = last_lines(paths->log_file, invocation_.lines.value_or(200));
  if (!text && !(invocation_.follow && text.error().code == ErrorCode::kNotFound)) {
    return complain(text.error());
  }
  if (text) terminal_.print(*text);
  if (invocation_.follow) {
    follow_file(paths->log_file, [this](const std::string& news) {
      if (!news.empty()) terminal_.print(news);
      return terminal_.out_is_fine();
    });
  }
  return kExitDone;
}

int Run::show_version() {
  const auto client = daemon_.running();
  if (!client) return complain(client.error());
  const auto daemon_version = *client ? (*client)->version() : std::string();
  if (!daemon_version) return complain(daemon_version.error());
  terminal_.print(version_text(std::string(version()), *daemon_version, view()));
  return kExitDone;
}

int Run::config() {
  std::string context = invocation_.context;
  if (context.empty()) context = current_context(invocation_.kubeconfig, surroundings_.get_env);
  const auto settings = load_settings(surroundings_.get_env, context, invocation_.settings);
  if (!settings) return complain(settings.error());
  terminal_.print(config_text(*settings, view()));
  return kExitDone;
}

int Run::completion() {
  terminal_.print(completion_script(invocation_.shell));
  return kExitDone;
}

int Run::complete() {
  terminal_.print(answer_completion(invocation_, surroundings_.get_env, surroundings_.environment,
                                    surroundings_.working_directory));
  return kExitDone;
}

int Run::generate() {
  const auto written = write_generated_files(invocation_.directory);
  return written ? kExitDone : complain(written.error());
}

int Run::go() {
  switch (invocation_.command) {
    case Command::kForward: return forward_links();
    case Command::kSwap: return swap_workload();
    case Command::kRestore: return restore_workload();
    case Command::kDiagnose: return diagnose();
    case Command::kDoctor: return doctor();
    case Command::kStatus: return status();
    case Command::kList: return list();
    case Command::kLeave: return leave();
    case Command::kQuit: return quit();
    case Command::kLogs: return logs();
    case Command::kExec: return exec();
    case Command::kDebug: return debug();
    case Command::kIde: return ide();
    case Command::kVersion: return show_version();
    case Command::kConfig: return config();
    case Command::kCompletion: return completion();
    case Command::kComplete: return complete();
    case Command::kGenerate: return generate();
  }
  return kExitFailed;
}

}  // namespace

int run_command(const Invocation& invocation, Terminal& terminal,
                const Surroundings& surroundings) {
  return Run(invocation, terminal, surroundings).go();
}

}  // namespace ferry::cli
