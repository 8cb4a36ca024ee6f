#include "cli/command_checks.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/suggest.h"
#include "cli/command_options.h"
#include "cli/problems.h"

namespace ferry::cli {
namespace {

// A command in the foreground tells events as they happen: lines of text or of JSON.
Status check_stream_format(const Invocation& invocation, bool document) {
  const bool lines =
      invocation.output == OutputFormat::kTable || invocation.output == OutputFormat::kJson;
  if (document || lines) return {};
  return fail(usage_error("this format is for what is printed once, at the end",
                          "use -o json for events as they happen, or add --detach"));
}

Status check_forward(const Invocation& invocation) {
  const auto& args = invocation.forward;
  if (auto checked = check_stream_format(invocation, args.detach); !checked) return checked;
  const std::string example = "as in: " + invocation.program + " forward svc/app 8080:80";
  if (!args.file.empty()) {
    if (args.target.empty()) return {};
    return fail(
        usage_error("both a target and a file of links are given", "leave one of them out"));
  }
  if (args.target.empty()) return fail(usage_error("what to forward is missing", example));
  if (args.ports.empty()) return fail(usage_error("the ports are missing", example));
  if (!args.proxy_addr.empty() && args.proxy_credentials.empty()) {
    return fail(usage_error("--proxy-addr wants keys for the tunnel",
                            "add --proxy-credentials DIR; scripts/make-credentials makes them"));
  }
  if (args.proxy_addr.empty() && !args.proxy_credentials.empty()) {
    return fail(usage_error("--proxy-credentials goes with --proxy-addr", "add --proxy-addr"));
  }
  return {};
}

Status check_outputs(const SwapArguments& args, bool json) {
  int users = args.has_command() || json ? 1 : 0;
  for (const auto& path : {args.env_file, args.env_json, args.env_sh}) users += path == "-" ? 1 : 0;
  if (users < 2 && !(args.has_command() && json)) return {};
  return fail(usage_error("standard output is wanted twice",
                          "it goes to one of: -o json, an --env option with '-', the command"));
}

Status check_swap(const Invocation& invocation) {
  const auto& args = invocation.swap;
  const std::string example =
      "as in: " + invocation.program + " swap-deployment app --expose 8081:80";
  if (args.target.empty()) return fail(usage_error("what to swap is missing", example));
  if (!args.command.empty() && args.command.front().empty()) {
    return fail(usage_error("there is no command after --",
                            "as in: " + invocation.program + " swap app -- ./app --port 8081"));
  }
  if (!args.command.empty() && !args.run.empty()) {
    return fail(
        usage_error("both --run and a command after -- are given", "leave one of them out"));
  }
  if (args.restart && !args.has_command()) {
    return fail(usage_error("--restart is given, and no command to start anew",
                            "add --run COMMAND or -- COMMAND"));
  }
  if (args.detach && (args.has_command() || !args.mount.empty())) {
    return fail(usage_error(
        std::string("--detach leaves nobody to look after ") +
            (args.has_command() ? "the command" : "the files of --mount"),
        "leave --detach out; with & at its end, a shell runs the whole in the background"));
  }
  if (auto checked = check_stream_format(invocation, args.detach || args.dry_run); !checked) {
    return checked;
  }
  return check_outputs(args, invocation.output == OutputFormat::kJson);
}

Status check_list(const Invocation& invocation) {
  if (invocation.swaps) return {};
  for (const auto& [option, given] : {std::pair{"--kubeconfig", !invocation.kubeconfig.empty()},
                                      std::pair{"--log-level", !invocation.log_level.empty()}}) {
    if (given) {
      return fail(usage_error(std::string(option) + " has no meaning for links that are there",
                              "leave it out, or add --swaps to ask the cluster"));
    }
  }
  return {};
}

Status check_leave(const Invocation& invocation) {
  if (invocation.links.empty() == invocation.all) return {};
  return fail(usage_error(
      invocation.all ? "both links and --all are given" : "which link to end is missing",
      "name links as '" + invocation.program + " list' shows them, or use --all"));
}

Status check_daemon_logs(const Invocation& invocation) {
  const auto& args = invocation.logs;
  const std::array<std::pair<const char*, bool>, 9> of_targets = {
      {{"--namespace", !invocation.kube_namespace.empty()},
       {"--context", !invocation.context.empty()},
       {"--kubeconfig", !invocation.kubeconfig.empty()},
       {"--container", !args.container.empty()},
       {"--previous", args.previous},
       {"--since", !args.since.empty()},
       {"--tail", args.tail.has_value()},
       {"--grep", !args.grep.empty()},
       {"--timestamps", args.timestamps}}};
  for (const auto& [option, given] : of_targets) {
    if (given) {
      return fail(usage_error(
          std::string(option) + " has no meaning for the daemon's log",
          "name whose logs are meant, as in: " + invocation.program + " logs deploy/app"));
    }
  }
  return {};
}

Status check_logs(const Invocation& invocation) {
  if (invocation.logs.target.empty()) return check_daemon_logs(invocation);
  if (invocation.lines) {
    return fail(usage_error("--lines is for the daemon's log", "use --tail"));
  }
  if (invocation.follow && invocation.logs.previous) {
    return fail(
        usage_error("a run that has ended can't be followed", "leave out --follow or --previous"));
  }
  return {};
}

Status check_exec(const Invocation& invocation) {
  const auto& args = invocation.exec;
  const std::string example = "as in: " + invocation.program + " exec deploy/app -it -- sh";
  if (args.target.empty()) {
    return fail(usage_error("where to run the command is missing", example));
  }
  if (args.command.empty() || args.command.front().empty()) {
    return fail(usage_error("the command is missing: it stands after --", example));
  }
  return {};
}

Status check_debug(const Invocation& invocation) {
  const auto& args = invocation.debug;
  const std::string example =
      "as in: " + invocation.program + " debug deploy/app --image busybox -it";
  if (args.target.empty()) return fail(usage_error("what to look into is missing", example));
  if (!args.command.empty() && args.command.front().empty()) {
    return fail(usage_error("there is no command after --", example + " -- sh"));
  }
  if (args.image.empty() && !args.fork) {
    return fail(usage_error("--image is missing: what to look with", example));
  }
  if (args.fork && args.command.empty() && !args.input) {
    return fail(usage_error("there is nothing to do in the copy",
                            "add -it for a shell, or a command after --"));
  }
  return {};
}

Status check_ide(const Invocation& invocation) {
  const auto& args = invocation.ide;
  const std::string example = "as in: " + invocation.program + " ide vscode app --expose 8081:80";
  const std::vector<std::string> ides = {"vscode", "jetbrains"};
  if (std::find(ides.begin(), ides.end(), args.ide) == ides.end()) {
    return fail(usage_error(
        args.ide.empty() ? "the IDE is missing" : "there is no IDE '" + args.ide + "'",
        with_hint(did_you_mean(args.ide, ides), "use " + one_of(ides) + ", " + example)));
  }
  if (args.target.empty()) return fail(usage_error("what to swap is missing", example));
  if (!args.arguments.empty() && args.arguments.front().empty()) {
    return fail(usage_error("there are no arguments after --", example + " -- --port 8081"));
  }
  const bool swaps = !args.expose.empty() || !args.probes.empty() || !args.arguments.empty();
  if (!args.attach.empty() && swaps) {
    return fail(usage_error("--attach goes to a program in the cluster, and swaps nothing",
                            "leave out --expose, --probes and what stands after --"));
  }
  if (args.stay && args.ide != "vscode") {
    return fail(usage_error("--stay is for vscode: there, the swap ends with the debugging",
                            "leave it out; elsewhere the swap stays until 'ferry: leave' is run"));
  }
  if (args.attach.empty() && !args.remote_root.empty()) {
    return fail(usage_error("--remote-dir goes with --attach", "add --attach, or leave it out"));
  }
  return {};
}

Status check_status(const Invocation& invocation) {
  const bool shown = invocation.output == OutputFormat::kTable;
  if (!invocation.watch || shown || invocation.output == OutputFormat::kJson) return {};
  return fail(usage_error("--watch shows a table, or lines of JSON", "use -o json, or no -o"));
}

Status check_completion(const Invocation& invocation) {
  const std::vector<std::string> shells = {"bash", "zsh", "fish"};
  if (std::find(shells.begin(), shells.end(), invocation.shell) != shells.end()) return {};
  return fail(usage_error(
      invocation.shell.empty() ? "the shell's name is missing"
                               : "there is no completion for '" + invocation.shell + "'",
      with_hint(did_you_mean(invocation.shell, shells), "use " + one_of(shells))));
}

}  // namespace

Error usage_error(std::string why, std::string fix) {
  return {problem::kUsage, "reading the command line", std::move(why), std::move(fix)};
}

Result<OutputFormat> parse_format(const std::string& name) {
  const auto formats = formats_of(nullptr);
  const auto found = std::find(formats.begin(), formats.end(), name);
  if (found != formats.end()) return static_cast<OutputFormat>(found - formats.begin());
  const std::string hint = did_you_mean(name, formats);
  return fail(usage_error("there is no output format '" + name + "'",
                          hint.empty() ? "use " + one_of(formats) : hint));
}

Status check_common(const Invocation& invocation, const std::string& output) {
  const auto* found =
      std::find_if(kCommandTexts.begin(), kCommandTexts.end(),
                   [&](const CommandText& text) { return text.command == invocation.command; });
  if (found == kCommandTexts.end()) return {};
  const CommandText& text = *found;
  const std::string command = "'" + invocation.program + " " + text.name + "'";
  const auto formats = formats_of(&text);
  const std::array<std::pair<const char*, bool>, 5> unused = {
      {{"--namespace", (text.common & kUsesNamespace) == 0 && !invocation.kube_namespace.empty()},
       {"--context", (text.common & kUsesContext) == 0 && !invocation.context.empty()},
       {"--kubeconfig", (text.common & kUsesKubeconfig) == 0 && !invocation.kubeconfig.empty()},
       {"--log-level", (text.common & kUsesLogLevel) == 0 && !invocation.log_level.empty()},
       {"--output", formats.empty() && !output.empty()}}};
  for (const auto& [option, given] : unused) {
    if (given) {
      return fail(usage_error(command + " has no use for " + option,
                              "leave it out; '" + invocation.program + " " + text.name +
                                  " --help' lists what it takes"));
    }
  }
  const bool known = std::find(formats.begin(), formats.end(), output) != formats.end();
  if (output.empty() || known || !parse_format(output)) return {};
  return fail(
      usage_error(command + " has no output format '" + output + "'", "use " + one_of(formats)));
}

Status check_invocation(const Invocation& invocation) {
  switch (invocation.command) {
    case Command::kForward: return check_forward(invocation);
    case Command::kSwap: return check_swap(invocation);
    case Command::kRestore:
      if (!invocation.workload.empty()) return {};
      return fail(usage_error("what to restore is missing",
                              "as in: " + invocation.program + " restore deploy/app"));
    case Command::kDiagnose:
      if (!invocation.target.empty()) return {};
      return fail(usage_error("what to diagnose is missing",
                              "as in: " + invocation.program + " diagnose svc/app"));
    case Command::kList: return check_list(invocation);
    case Command::kLeave: return check_leave(invocation);
    case Command::kLogs: return check_logs(invocation);
    case Command::kExec: return check_exec(invocation);
    case Command::kDebug: return check_debug(invocation);
    case Command::kIde: return check_ide(invocation);
    case Command::kCompletion: return check_completion(invocation);
    case Command::kStatus: return check_status(invocation);
    case Command::kDoctor:
    case Command::kQuit:
    case Command::kVersion:
    case Command::kConfig:
    case Command::kComplete:
    case Command::kGenerate: return {};
  }
  return {};
}

}  // namespace ferry::cli
