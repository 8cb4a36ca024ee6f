#include "cli/command_line.h"

#include <algorithm>
#include <utility>

#include "base/suggest.h"
#include "cli/command_checks.h"
#include "cli/command_options.h"

namespace ferry::cli {
namespace {

// Not one of CLI11's: what follows is no command line yet.
constexpr const char* kComplete = "__complete";

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
  doc.main.options = options_of(*definition.app, nullptr);
  for (const auto& text : kCommandTexts) {
    const auto* sub = definition.app->get_subcommand(text.name);
    doc.commands.push_back({.name = text.name,
                            .alias = text.alias,
                            .summary = text.summary,
                            .operands = text.operands,
                            .details = with_program(text.details, program),
                            .examples = with_program(text.examples, program),
                            .options = options_of(*sub, &text)});
  }
  return doc;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const auto& text : kCommandTexts) names.emplace_back(text.name);
  return names;
}

const CLI::App& chosen(const Definition& definition) {
  const auto subcommands = definition.app->get_subcommands();
  return subcommands.empty() ? *definition.app : *subcommands.front();
}

std::string see_help(const std::string& program, const CLI::App& app) {
  const bool whole = app.get_parent() == nullptr;
  return "see '" + program + (whole ? "" : " " + app.get_name()) + " --help'";
}

// What follows "--" is a program of the user's for the commands that run one; it is not ours to
// read. A "--" with nothing behind it gives one empty word, for the checks to find.
std::pair<std::vector<std::string>, std::vector<std::string>> split_command(
    const std::vector<std::string>& args) {
  const auto dashes = std::find(args.begin(), args.end(), "--");
  const bool runs = std::any_of(args.begin(), dashes, [](const std::string& word) {
    return word == "swap" || word == "swap-deployment" || word == "exec" || word == "debug" ||
           word == "ide";
  });
  if (dashes == args.end() || !runs) return {args, {}};
  std::vector<std::string> rest(dashes + 1, args.end());
  if (rest.empty()) rest.emplace_back();
  return {{args.begin(), dashes}, rest};
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
    for (const auto& option : options_of(app, nullptr)) names.push_back(option.long_name);
    const std::string hint = did_you_mean(name, names);
    return usage_error("there is no option '" + name + "'" + where,
                       hint.empty() ? see_help(program, app) : hint);
  }
  if (whole) {
    const std::string hint = did_you_mean(word, command_names());
    return usage_error("there is no command '" + word + "'",
                       hint.empty() ? "the commands are " + one_of(command_names()) : hint);
  }
  const bool runs = app.get_name() == "exec" || app.get_name() == "debug";
  return usage_error("'" + word + "' is one word too many for" + where.substr(3),
                     runs ? "a command goes behind --, as in: " + program + " " + app.get_name() +
                                " TARGET -- " + word
                          : see_help(program, app));
}

Result<ParseOutcome> finish(const std::string& program, const Definition& definition, Raw& raw) {
  ParseOutcome outcome;
  auto& invocation = raw.invocation;
  invocation.program = program;
  const auto& app = chosen(definition);
  const auto found = definition.texts.find(&app);
  const auto* text = found == definition.texts.end() ? nullptr : found->second;
  if (&app == definition.generate) {
    invocation.command = Command::kGenerate;
  } else {
    invocation.command = text == nullptr ? Command::kVersion : text->command;  // --version
  }
  if (auto used = check_common(invocation, raw.output); !used) return fail(used.error());
  if (!raw.output.empty()) {
    const auto format = parse_format(raw.output);
    if (!format) return fail(format.error());
    invocation.output = *format;
  }
  invocation.settings = raw.settings;
  for (const auto& secret : raw.pull_secrets) {
    auto& joined = invocation.settings["pullSecrets"];
    joined += (joined.empty() ? "" : ",") + secret;
  }
  if (auto checked = check_invocation(invocation); !checked) return fail(checked.error());
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
  if (!args.empty() && args.front() == kComplete) {
    Invocation asked{.command = Command::kComplete, .program = program};
    asked.typed.assign(args.begin() + 1, args.end());
    return ParseOutcome{std::move(asked), {}};
  }
  Raw raw;
  const auto definition = define(program, raw);
  auto [words, rest] = split_command(args);
  raw.invocation.swap.command = rest;
  raw.invocation.exec.command = rest;
  raw.invocation.ide.arguments = rest;
  raw.invocation.debug.command = std::move(rest);
  try {
    std::vector<std::string> reversed(words.rbegin(), words.rend());  // as CLI11 wants them
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
