#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <utility>

#include "cli/command_texts.h"
#include "cli/suggest.h"

namespace ferry::cli {
namespace {

constexpr const char* kCommonGroup = "common";
constexpr const char* kHiddenGroup = "";  // CLI11's way to hide

// What the parser fills in before it is checked.
struct Raw {
  Invocation invocation;
  std::string output = "table";
  bool verbose = false;
  std::vector<std::string> pull_secrets;
  std::map<std::string, std::string> settings;
  std::string help_topic;
  bool version_flag = false;
};

struct Definition {
  std::unique_ptr<CLI::App> app;
  std::map<const CLI::App*, const CommandText*> texts;
  const CLI::App* help = nullptr;
  const CLI::App* generate = nullptr;
};

const std::vector<std::string> kFormats = {"table", "wide", "json", "yaml", "name"};

void add_common(CLI::App& app, Raw& raw) {
  auto& to = raw.invocation;
  const auto add = [&](const char* names, std::string& value, const char* type, const char* text) {
    app.add_option(names, value, text)->type_name(type)->group(kCommonGroup);
  };
  add("-n,--namespace", to.kube_namespace, "NAME", "namespace; else the context's");
  add("--context", to.context, "NAME", "kubeconfig context; else the current one");
  add("--kubeconfig", to.kubeconfig, "FILE", "kubeconfig; else KUBECONFIG or ~/.kube/config");
  add("-o,--output", raw.output, "FORMAT", "table, wide, json, yaml or name");
  add("--log-level", to.log_level, "LEVEL", "of the daemon, if this command starts it");
  app.add_flag("-v,--verbose", raw.verbose, "tell more")->group(kCommonGroup);
  app.add_flag("--no-color", to.no_color, "no colours, not even on a terminal")
      ->group(kCommonGroup);
}

void add_setting(CLI::App& app, Raw& raw, const char* name, const char* flag, const char* type,
                 const char* text) {
  app.add_option_function<std::string>(
         flag, [&raw, name](const std::string& value) { raw.settings[name] = value; }, text)
      ->type_name(type);
}

void add_settings(CLI::App& app, Raw& raw) {
  add_setting(app, raw, "route", "--route", "ROUTE",
              "auto, proxy (a pod of Ferry's) or direct (nothing in the cluster)");
  add_setting(app, raw, "image", "--image", "IMAGE", "the proxy's image");
  add_setting(app, raw, "pullPolicy", "--pull-policy", "POLICY", "Always, IfNotPresent or Never");
  app.add_option("--pull-secret", raw.pull_secrets, "Secret to pull the image with; repeatable")
      ->type_name("NAME")
      ->expected(1)
      ->take_all()
      ->delimiter(',');
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

void add_command(CLI::App& app, Command command, Raw& raw) {
  auto& to = raw.invocation;
  switch (command) {
    case Command::kForward: add_forward(app, raw); break;
    case Command::kLeave:
      app.add_option("LINKS", to.links)->group(kHiddenGroup);
      app.add_flag("--all", to.all, "every link");
      break;
    case Command::kLogs:
      app.add_flag("-f,--follow", to.follow, "go on with what is logged from now on");
      app.add_option("--lines", to.lines, "how many lines back to begin (default 200)")
          ->type_name("N");
      break;
    case Command::kCompletion: app.add_option("SHELL", to.shell)->group(kHiddenGroup); break;
    case Command::kConfig: add_settings(app, raw); break;
    case Command::kStatus:
    case Command::kList:
    case Command::kQuit:
    case Command::kVersion:
    case Command::kGenerate: break;
  }
  add_common(app, raw);
}

Definition define(const std::string& program, Raw& raw) {
  Definition definition;
  definition.app = std::make_unique<CLI::App>(kProgramSummary, program);
  auto& app = *definition.app;
  app.set_help_flag("-h,--help", "show this text")->group(kCommonGroup);
  app.require_subcommand(0, 1);
  app.add_flag("--version", raw.version_flag, "show the version");
  add_common(app, raw);
  for (const auto& text : kCommandTexts) {
    auto* sub = app.add_subcommand(text.name, text.summary);
    if (*text.alias != '\0') sub->alias(text.alias);
    sub->set_help_flag("-h,--help", "show this text")->group(kCommonGroup);
    add_command(*sub, text.command, raw);
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

std::vector<std::string> choices_of(const std::string& value) {
  if (value == "FORMAT") return kFormats;
  if (value == "ROUTE") return {"auto", "proxy", "direct"};
  if (value == "POLICY") return {"Always", "IfNotPresent", "Never"};
  if (value == "LEVEL") return {"trace", "debug", "info", "warning", "error"};
  return {};
}

std::vector<OptionDoc> options_of(const CLI::App& app) {
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
    doc.choices = choices_of(doc.value);
    docs.push_back(std::move(doc));
  }
  return docs;
}

// "ferry forward" in an example reads "kubectl ferry forward" where we are a plugin.
std::string with_program(std::string text, const std::string& program) {
  if (program == "ferry") return text;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const bool starts =
        text.compare(at, 6, "ferry ") == 0 &&
        (at == 0 || text[at - 1] == '\n' || text[at - 1] == '\'' || text[at - 1] == '(');
    out += starts ? program + " " : std::string(1, text[at]);
    at += starts ? 6 : 1;
  }
  return out;
}

ProgramDoc describe(const std::string& program, const Definition& definition) {
  ProgramDoc doc{.program = program};
  doc.main.summary = kProgramSummary;
  doc.main.examples = with_program(kProgramExamples, program);
  doc.main.options = options_of(*definition.app);
  for (const auto& text : kCommandTexts) {
    const auto* sub = definition.app->get_subcommand(text.name);
    doc.commands.push_back({.name = text.name,
                            .alias = text.alias,
                            .summary = text.summary,
                            .operands = text.operands,
                            .details = with_program(text.details, program),
                            .examples = with_program(text.examples, program),
                            .options = options_of(*sub)});
  }
  return doc;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const auto& text : kCommandTexts) names.emplace_back(text.name);
  return names;
}

Error usage_error(std::string why, std::string fix) {
  return {ErrorCode::kUsage, "reading the command line", std::move(why), std::move(fix)};
}

const CLI::App& chosen(const Definition& definition) {
  const auto subcommands = definition.app->get_subcommands();
  return subcommands.empty() ? *definition.app : *subcommands.front();
}

std::string see_help(const std::string& program, const CLI::App& app) {
  const bool whole = app.get_parent() == nullptr;
  return "see '" + program + (whole ? "" : " " + app.get_name()) + " --help'";
}

// A word that CLI11 could not place.
Error unknown_word(const std::string& program, const Definition& definition) {
  const auto& app = chosen(definition);
  const auto words = definition.app->remaining(true);
  const std::string word = words.empty() ? "" : words.front();
  const bool whole = &app == definition.app.get();
  const std::string where = whole ? "" : " of '" + program + " " + app.get_name() + "'";
  if (word.size() > 1 && word.front() == '-') {
    const std::string name = word.substr(0, word.find('='));
    std::vector<std::string> names;
    for (const auto& option : options_of(app)) names.push_back(option.long_name);
    const std::string hint = did_you_mean(name, names);
    return usage_error("there is no option '" + name + "'" + where,
                       hint.empty() ? see_help(program, app) : hint);
  }
  if (whole) {
    const std::string hint = did_you_mean(word, command_names());
    return usage_error("there is no command '" + word + "'",
                       hint.empty() ? "the commands are " + one_of(command_names()) : hint);
  }
  return usage_error(
      "'" + word + "' is one word too many" + (where.empty() ? "" : " for" + where.substr(3)),
      see_help(program, app));
}

Result<OutputFormat> format_of(const std::string& name) {
  for (std::size_t i = 0; i < kFormats.size(); ++i) {
    if (kFormats[i] == name) return static_cast<OutputFormat>(i);
  }
  const std::string hint = did_you_mean(name, kFormats);
  return fail(usage_error("there is no output format '" + name + "'",
                          hint.empty() ? "use " + one_of(kFormats) : hint));
}

Status check_forward(const Invocation& invocation) {
  const auto& args = invocation.forward;
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

Status check(const Invocation& invocation) {
  switch (invocation.command) {
    case Command::kForward: return check_forward(invocation);
    case Command::kLeave:
      if (invocation.links.empty() != invocation.all) {
        return fail(usage_error(
            invocation.all ? "both links and --all are given" : "which link to end is missing",
            "name links as '" + invocation.program + " list' shows them, or use --all"));
      }
      return {};
    case Command::kCompletion: {
      const std::vector<std::string> shells = {"bash", "zsh", "fish"};
      if (std::find(shells.begin(), shells.end(), invocation.shell) != shells.end()) return {};
      return fail(usage_error(invocation.shell.empty()
                                  ? "the shell's name is missing"
                                  : "there is no completion for '" + invocation.shell + "'",
                              "use bash, zsh or fish"));
    }
    default: return {};
  }
}

Result<ParseOutcome> finish(const std::string& program, const Definition& definition, Raw& raw) {
  ParseOutcome outcome;
  auto& invocation = raw.invocation;
  invocation.program = program;
  const auto& app = chosen(definition);
  if (const auto text = definition.texts.find(&app); text != definition.texts.end()) {
    invocation.command = text->second->command;
  } else if (&app == definition.generate) {
    invocation.command = Command::kGenerate;
  } else if (raw.version_flag) {
    invocation.command = Command::kVersion;
  }
  const auto format = format_of(raw.output);
  if (!format) return fail(format.error());
  invocation.output = *format;
  invocation.verbose = raw.verbose;
  invocation.settings = raw.settings;
  for (const auto& secret : raw.pull_secrets) {
    auto& joined = invocation.settings["pullSecrets"];
    joined += (joined.empty() ? "" : ",") + secret;
  }
  if (auto checked = check(invocation); !checked) return fail(checked.error());
  outcome.invocation = std::move(invocation);
  return outcome;
}

Result<ParseOutcome> help(const std::string& program, const Definition& definition,
                          const std::string& topic) {
  const auto doc = describe(program, definition);
  if (topic.empty()) return ParseOutcome{std::nullopt, help_text(doc, doc.main)};
  for (const auto& command : doc.commands) {
    if (command.name == topic || command.alias == topic) {
      return ParseOutcome{std::nullopt, help_text(doc, command)};
    }
  }
  const std::string hint = did_you_mean(topic, command_names());
  return fail(usage_error("there is no command '" + topic + "'",
                          hint.empty() ? "the commands are " + one_of(command_names()) : hint));
}

}  // namespace

std::string program_name(const std::string& argv0) {
  const std::string name = argv0.substr(argv0.rfind('/') + 1);
  return name.starts_with("kubectl-") ? "kubectl ferry" : "ferry";
}

Result<ParseOutcome> parse_command_line(const std::string& program,
                                        const std::vector<std::string>& args) {
  Raw raw;
  const auto definition = define(program, raw);
  try {
    std::vector<std::string> reversed(args.rbegin(), args.rend());  // as CLI11 wants them
    definition.app->parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    const auto& app = chosen(definition);
    return help(program, definition, &app == definition.app.get() ? "" : app.get_name());
  } catch (const CLI::ExtrasError&) {
    return fail(unknown_word(program, definition));
  } catch (const CLI::ParseError& e) {
    return fail(usage_error(e.what(), see_help(program, chosen(definition))));
  }
  const auto& app = chosen(definition);
  if (&app == definition.help) return help(program, definition, raw.help_topic);
  if (&app == definition.app.get() && !raw.version_flag) return help(program, definition, "");
  return finish(program, definition, raw);
}

ProgramDoc describe_command_line(const std::string& program) {
  Raw raw;
  return describe(program, define(program, raw));
}

}  // namespace ferry::cli
