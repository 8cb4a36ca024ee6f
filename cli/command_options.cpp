#include "cli/command_options.h"

#include <iterator>
#include <sstream>
#include <utility>

#include "base/suggest.h"

namespace ferry::cli {
namespace {

constexpr const char* kCommonGroup = "common";
constexpr const char* kHiddenGroup = "";  // CLI11's way to hide

// `uses` has bits of Common.
void add_common(CLI::App& app, Raw& raw, unsigned uses, bool formats) {
  auto& to = raw.invocation;
  const auto add = [&](bool used, const char* names, std::string& value, const char* type,
                       const char* text) {
    if (used) app.add_option(names, value, text)->type_name(type)->group(kCommonGroup);
  };
  add((uses & kUsesNamespace) != 0, "-n,--namespace", to.kube_namespace, "NAME",
      "namespace; else the context's");
  add((uses & kUsesContext) != 0, "--context", to.context, "NAME",
      "kubeconfig context; else the current one");
  add((uses & kUsesKubeconfig) != 0, "--kubeconfig", to.kubeconfig, "FILE",
      "kubeconfig; else KUBECONFIG or ~/.kube/config");
  add(formats, "-o,--output", raw.output, "FORMAT", "how to print");
  add((uses & kUsesLogLevel) != 0, "--log-level", to.log_level, "LEVEL",
      "of the daemon, if this command starts it");
  app.add_flag("-v,--verbose", to.verbose, "tell more")->group(kCommonGroup);
  app.add_flag("--no-color", to.no_color, "no colours, not even on a terminal")
      ->group(kCommonGroup);
}

void add_setting(CLI::App& app, Raw& raw, const char* name, const char* flag, const char* type,
                 const char* text) {
  app.add_option_function<std::string>(
         flag, [&raw, name](const std::string& value) { raw.settings[name] = value; }, text)
      ->type_name(type);
}

void add_image_settings(CLI::App& app, Raw& raw) {
  add_setting(app, raw, "image", "--image", "IMAGE", "the proxy's image");
  add_setting(app, raw, "pullPolicy", "--pull-policy", "POLICY", "Always, IfNotPresent or Never");
  app.add_option("--pull-secret", raw.pull_secrets, "Secret to pull the image with; repeatable")
      ->type_name("NAME")
      ->expected(1)
      ->take_all()
      ->delimiter(',');
}

void add_settings(CLI::App& app, Raw& raw) {
  add_setting(app, raw, "route", "--route", "ROUTE",
              "auto, proxy (a pod of Ferry's) or direct (nothing in the cluster)");
  add_image_settings(app, raw);
  add_setting(app, raw, "idleExit", "--idle-exit", "TIME",
              "the proxy ends when unused for so long, as in 15m");
}

void add_forward(CLI::App& app, Raw& raw) {
  auto& to = raw.invocation.forward;
  app.add_option("TARGET", to.target)->group(kHiddenGroup);
  app.add_option("PORTS", to.ports)->group(kHiddenGroup);
  app.add_option("-f,--file", to.file, "links to make, as YAML; - reads standard input")
      ->type_name("FILE");
  app.add_flag("-d,--detach", to.detach, "leave the link with the daemon, and return");
  app.add_option("--address", to.addresses,
                 "local addresses to listen on (default 127.0.0.1 and ::1)")
      ->type_name("ADDRESS")
      ->expected(1)
      ->take_all();
  add_settings(app, raw);
  app.add_option("--proxy-addr", to.proxy_addr, "use the proxy at this address, over plain TCP")
      ->type_name("HOST:PORT");
  app.add_option("--proxy-credentials", to.proxy_credentials,
                 "directory with ca.crt, tls.crt and tls.key for --proxy-addr")
      ->type_name("DIR");
}

void add_local_process(CLI::App& app, SwapArguments& to) {
  const auto file = [&](const char* name, std::string& value, const char* text) {
    app.add_option(name, value, text)->type_name("FILE");
  };
  file("--env-file", to.env_file, "write the environment, as docker reads it; - for stdout");
  file("--env-json", to.env_json, "write the environment as JSON; - for stdout");
  file("--env-sh", to.env_sh, "write the environment for a shell to source; - for stdout");
  app.add_option("--mount", to.mount, "keep the container's mounted files in this directory")
      ->type_name("DIR");
  app.add_option("--run", to.run, "as -- COMMAND, for sh to read")->type_name("COMMAND");
  app.add_flag("--restart", to.restart, "start COMMAND anew when its liveness probe fails");
}

void add_swap(CLI::App& app, Raw& raw) {
  auto& to = raw.invocation.swap;
  app.add_option("TARGET", to.target)->group(kHiddenGroup);
  app.add_option("--expose", to.expose,
                 "the local port that answers for a port of the container; repeatable")
      ->type_name("LOCAL[:REMOTE]")
      ->expected(1)
      ->take_all();
  add_local_process(app, to);
  app.add_option("--probes", to.probes, "follow, hold (while debugged), ready or none")
      ->type_name("MODE");
  app.add_flag("--keep-original", to.keep_original, "leave the original running beside");
  app.add_flag("--proxy-protocol", to.proxy_protocol,
               "pass on callers' addresses by PROXY protocol, version 2");
  app.add_flag("-d,--detach", to.detach, "leave the swap with the daemon, and return");
  app.add_flag("--dry-run", to.dry_run, "show what would be done, and touch nothing");
  app.add_flag("--force", to.force, "take it over from whoever has it swapped");
  app.add_option("--orphan-timeout", to.orphan_timeout,
                 "the stand-in restores when left alone for so long (default 10m)")
      ->type_name("TIME");
  app.add_option("--timeout", to.step_timeout, "how long a single step may take, as in 2m")
      ->type_name("TIME");
  add_image_settings(app, raw);
}

void add_logs(CLI::App& app, Invocation& to) {
  auto& logs = to.logs;
  app.add_option("TARGET", logs.target)->group(kHiddenGroup);
  app.add_flag("-f,--follow", to.follow, "go on with what is logged from now on");
  app.add_option("-c,--container", logs.container, "this container alone")->type_name("NAME");
  app.add_flag("-p,--previous", logs.previous, "of the run before, of containers that restarted");
  app.add_option("--since", logs.since, "only what is newer, as in 10m")->type_name("TIME");
  app.add_option("--tail", logs.tail, "at first, only the last lines of each container")
      ->type_name("N");
  app.add_option("--grep", logs.grep, "only lines that match, as grep -E has it")
      ->type_name("REGEX");
  app.add_flag("--timestamps", logs.timestamps, "begin each line with its time");
  app.add_option("--lines", to.lines, "of the daemon's log: how many lines (default 200)")
      ->type_name("N");
}

void add_exec(CLI::App& app, ExecArguments& to) {
  app.add_option("TARGET", to.target)->group(kHiddenGroup);
  app.add_option("-c,--container", to.container, "this container; else the pod's first")
      ->type_name("NAME");
  app.add_flag("-i,--stdin", to.input, "pass standard input on");
  app.add_flag("-t,--tty", to.terminal, "give it a terminal");
}

void add_debug(CLI::App& app, DebugArguments& to) {
  app.add_option("TARGET", to.target)->group(kHiddenGroup);
  app.add_option("--image", to.image, "what to look with")->type_name("IMAGE");
  app.add_option("--target", to.container, "the container that is looked into")->type_name("NAME");
  app.add_flag("-i,--stdin", to.input, "pass standard input on");
  app.add_flag("-t,--tty", to.terminal, "give it a terminal");
  app.add_flag("--fork", to.fork, "look into a copy of the pod, whose command only waits");
}

void add_ide(CLI::App& app, IdeArguments& to) {
  app.add_option("IDE", to.ide)->group(kHiddenGroup);
  app.add_option("TARGET", to.target)->group(kHiddenGroup);
  const auto add = [&](const char* name, std::string& value, const char* type, const char* text) {
    app.add_option(name, value, text)->type_name(type);
  };
  app.add_option("--expose", to.expose,
                 "the local port that answers for a port of the container; repeatable")
      ->type_name("LOCAL[:REMOTE]")
      ->expected(1)
      ->take_all();
  add("--lang", to.language, "LANGUAGE", "cpp, go, python, node or java; else by the files here");
  add("--program", to.program, "PROGRAM",
      "what to debug: a path, a Python module, a Java main class");
  add("--dir", to.directory, "DIR", "the project's folder; else this one");
  add("--probes", to.probes, "MODE", "follow, hold, ready or none; else as the debugger needs it");
  app.add_flag("--stay", to.stay, "the swap stays when debugging ends, until the task that leaves");
  add("--attach", to.attach, "[LOCAL:]REMOTE", "attach to the debugger's server on this port");
  add("--remote-dir", to.remote_root, "DIR", "with --attach: where the sources are there");
  app.add_flag("--dry-run", to.dry_run, "print the files, and write nothing");
}

void add_command(CLI::App& app, const CommandText& text, Raw& raw) {
  auto& to = raw.invocation;
  switch (text.command) {
    case Command::kForward: add_forward(app, raw); break;
    case Command::kSwap: add_swap(app, raw); break;
    case Command::kRestore:
      app.add_option("TARGET", to.workload)->group(kHiddenGroup);
      app.add_flag("--force", to.force, "also while the one who swapped it is still there");
      break;
    case Command::kDoctor:
      app.add_option("--bundle", to.bundle, "write report, logs and state to a tar.gz")
          ->type_name("FILE");
      break;
    case Command::kDiagnose: app.add_option("TARGET", to.target)->group(kHiddenGroup); break;
    case Command::kList:
      app.add_flag("--swaps", to.swaps, "what is swapped in the namespace, by anybody");
      break;
    case Command::kLeave:
      app.add_option("LINKS", to.links)->group(kHiddenGroup);
      app.add_flag("--all", to.all, "every link");
      break;
    case Command::kLogs: add_logs(app, to); break;
    case Command::kExec: add_exec(app, to.exec); break;
    case Command::kDebug: add_debug(app, to.debug); break;
    case Command::kIde: add_ide(app, to.ide); break;
    case Command::kCompletion: app.add_option("SHELL", to.shell)->group(kHiddenGroup); break;
    case Command::kConfig: add_settings(app, raw); break;
    case Command::kStatus:
      app.add_flag("-w,--watch", to.watch, "show it anew each second, until Ctrl-C");
      app.add_flag("--test", to.test, "test each link from end to end first");
      break;
    case Command::kQuit:
    case Command::kVersion:
    case Command::kComplete:
    case Command::kGenerate: break;
  }
  add_common(app, raw, text.common, *text.formats != '\0');
}

std::vector<std::string> choices_of(const std::string& value, const CommandText* text) {
  if (value == "FORMAT") return formats_of(text);
  if (value == "ROUTE") return {"auto", "proxy", "direct"};
  if (value == "POLICY") return {"Always", "IfNotPresent", "Never"};
  if (value == "LEVEL") return {"trace", "debug", "info", "warning", "error"};
  if (value == "LANGUAGE") return {"cpp", "go", "python", "node", "java"};
  if (value == "MODE") return {"follow", "hold", "ready", "none"};
  return {};
}

}  // namespace

Definition define(const std::string& program, Raw& raw) {
  Definition definition;
  definition.app = std::make_unique<CLI::App>(kProgramSummary, program);
  auto& app = *definition.app;
  app.set_help_flag("-h,--help", "show this text")->group(kCommonGroup);
  app.require_subcommand(0, 1);
  app.add_flag("--version", raw.version_flag, "show the version");
  add_common(app, raw, kUsesCluster, true);
  for (const auto& text : kCommandTexts) {
    auto* sub = app.add_subcommand(text.name, text.summary);
    if (*text.alias != '\0') sub->alias(text.alias);
    sub->set_help_flag("-h,--help", "show this text")->group(kCommonGroup);
    add_command(*sub, text, raw);
    definition.texts[sub] = &text;
  }
  auto* help = app.add_subcommand("help", "")->group(kHiddenGroup);
  help->add_option("COMMAND", raw.help_topic);
  definition.help = help;
  auto* generate = app.add_subcommand("generate", "")->group(kHiddenGroup);
  generate->add_option("DIRECTORY", raw.invocation.directory)->required();
  definition.generate = generate;
  return definition;
}

std::vector<std::string> formats_of(const CommandText* text) {
  std::istringstream words(text == nullptr ? "table wide json yaml name" : text->formats);
  return {std::istream_iterator<std::string>(words), std::istream_iterator<std::string>()};
}

std::vector<OptionDoc> options_of(const CLI::App& app, const CommandText* text) {
  std::vector<OptionDoc> docs;
  for (const auto* option : app.get_options()) {
    if (option->get_positional()) continue;
    OptionDoc doc;
    if (!option->get_snames().empty()) doc.short_name = "-" + option->get_snames().front();
    if (!option->get_lnames().empty()) doc.long_name = "--" + option->get_lnames().front();
    const bool flag = option->get_items_expected_max() == 0;
    doc.value = flag ? std::string() : option->get_type_name();
    doc.description = option->get_description();
    doc.common = option->get_group() == kCommonGroup;
    doc.choices = choices_of(doc.value, text);
    if (doc.value == "FORMAT") doc.description = one_of(doc.choices);
    docs.push_back(std::move(doc));
  }
  return docs;
}

}  // namespace ferry::cli
