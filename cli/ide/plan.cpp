#include "cli/ide/plan.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "base/suggest.h"
#include "cli/command_checks.h"
#include "cli/ide/program.h"
#include "cli/local_process.h"
#include "cli/problems.h"
#include "cli/swap_specs.h"
#include "cli/target_args.h"
#include "cli/utf8.h"

namespace ferry::cli::ide {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 5> kNames = {"cpp", "go", "python", "node", "java"};

// What a project of a language has in its folder.
constexpr std::array<std::pair<const char*, Language>, 10> kSigns = {{
    {"CMakeLists.txt", Language::kCpp},
    {"go.mod", Language::kGo},
    {"pyproject.toml", Language::kPython},
    {"requirements.txt", Language::kPython},
    {"setup.py", Language::kPython},
    {"Pipfile", Language::kPython},
    {"package.json", Language::kNode},
    {"pom.xml", Language::kJava},
    {"build.gradle", Language::kJava},
    {"build.gradle.kts", Language::kJava},
}};

std::vector<std::string> names_of(const std::vector<Language>& languages) {
  std::vector<std::string> names;
  for (const auto language : languages) names.emplace_back(name_of(language));
  return names;
}

Result<Language> language_of(const std::string& given, const std::string& folder) {
  const std::vector<std::string> all(kNames.begin(), kNames.end());
  if (!given.empty()) {
    const auto found = std::find(all.begin(), all.end(), given);
    if (found != all.end()) return static_cast<Language>(found - all.begin());
    return fail(usage_error("there is no language '" + given + "'",
                            with_hint(did_you_mean(given, all), "use " + one_of(all))));
  }
  const auto languages = languages_in(folder);
  if (languages.size() == 1) return languages.front();
  const std::string why = languages.empty() ? "what it is written in can't be told from " + folder
                                            : folder + " looks like " + one_of(names_of(languages));
  return fail(usage_error(
      why, "say it with --lang " + one_of(languages.empty() ? all : names_of(languages))));
}

// hold looks for a process that is traced, which is how these are debugged. The others' debuggers
// live in the process itself: its port stays open while it stands at a breakpoint, and that has to
// be enough.
std::string probes_of(Language language, const std::string& given) {
  if (!given.empty()) return given;
  return language == Language::kCpp || language == Language::kGo ? "hold" : "none";
}

// "ferry" where PATH leads to this very program.
std::string own_command(const control::GetEnv& get_env) {
  std::error_code error;
  const auto self = fs::canonical("/proc/self/exe", error);
  if (error) return "ferry";
  const auto found = find_program("ferry", get_env("PATH").value_or(""));
  const bool same = found && fs::equivalent(*found, self, error) && !error;
  return same ? "ferry" : self.string();
}

std::string as_file_name(const std::string& title) {
  std::string out;
  for (const char c : title) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_';
    if (plain || (!out.empty() && out.back() != '_')) out += plain ? c : '_';
  }
  constexpr std::size_t kLongest = 100;
  return out.substr(0, kLongest);
}

void add_option(std::vector<std::string>& words, const char* option, const std::string& value) {
  if (!value.empty()) words.insert(words.end(), {option, value});
}

// Text goes into JSON, XML and scripts; "${" is VS Code's own, which knows no way to write it.
Status check_texts(const Plan& plan) {
  std::vector<std::string> texts = plan.scope;
  texts.insert(texts.end(), plan.arguments.begin(), plan.arguments.end());
  texts.insert(texts.end(), {plan.folder, plan.program, plan.ferry, plan.remote.remote_root});
  for (const auto& text : texts) {
    const bool control = std::any_of(text.begin(), text.end(),
                                     [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    if (is_utf8(text) && !control) continue;
    return fail(problem::kNameUnwritable, "writing files for an IDE",
                "a name or path holds control characters, or is not UTF-8",
                "give it another name, or a symbolic link of one");
  }
  return {};
}

Result<std::string> folder_of(const std::string& given, const std::string& working_directory) {
  const fs::path path = fs::path(working_directory) / given;
  std::error_code error;
  auto folder = fs::canonical(path, error);
  if (!error && fs::is_directory(folder, error)) return folder.string();
  return fail(problem::kProjectMissing, "looking at the project in " + path.string(),
              error ? error.message() : "it is no directory", "name the project's folder: --dir");
}

Status plan_attach(const Invocation& invocation, Plan& plan) {
  const auto& args = invocation.ide;
  const auto target = parse_target(args.target);
  if (!target) return fail(target.error());
  const auto port = parse_port(args.attach);
  if (!port) return fail(port.error());
  if (port->local == 0) {
    return fail(usage_error("--attach wants the local port as a number",
                            "as in: --attach 5678, or --attach 15678:5678"));
  }
  plan.attach = true;
  plan.target = to_string(*target);
  plan.leave = plan.target;
  plan.title = plan.target.starts_with("deploy/") ? plan.target.substr(7) : plan.target;
  plan.remote = {port->local, std::to_string(port->local) + ":" + to_string(port->remote),
                 args.remote_root};
  return {};
}

Status plan_swap(const Invocation& invocation, const control::GetEnv& get_env, Plan& plan) {
  const auto& args = invocation.ide;
  Invocation swap = invocation;
  swap.swap.target = args.target;
  swap.swap.expose = args.expose;
  swap.swap.probes = args.probes;
  const auto spec = swap_spec(swap, get_env);  // for its checks
  if (!spec) return fail(spec.error());
  const std::string container = spec->container.empty() ? "" : ":" + spec->container;
  plan.leave = to_string(spec->workload);
  plan.target = plan.leave + container;
  plan.title = (plan.leave.starts_with("deploy/") ? plan.leave.substr(7) : plan.leave) + container;
  plan.expose = args.expose;
  plan.probes = probes_of(plan.language, args.probes);
  return {};
}

}  // namespace

const char* name_of(Language language) { return kNames.at(static_cast<std::size_t>(language)); }

std::vector<Language> languages_in(const std::string& folder) {
  std::vector<Language> found;
  std::error_code ignored;
  for (const auto& [file, language] : kSigns) {
    const bool there = fs::is_regular_file(fs::path(folder) / file, ignored);
    if (there && std::find(found.begin(), found.end(), language) == found.end()) {
      found.push_back(language);
    }
  }
  return found;
}

std::string Plan::env_file() const { return std::string(kOurFolder) + "/" + name + ".env"; }
std::string Plan::files_dir() const { return std::string(kOurFolder) + "/" + name; }

std::vector<std::string> Plan::swap_words(const std::string& root) const {
  std::vector<std::string> words = {"swap-deployment", target};
  for (const auto& port : expose) add_option(words, "--expose", port);
  add_option(words, "--env-file", root + "/" + env_file());
  add_option(words, "--mount", root + "/" + files_dir());
  add_option(words, "--probes", probes);
  words.insert(words.end(), scope.begin(), scope.end());
  return words;
}

// Directly: debuggers' servers mostly listen on the pod's loopback, which no other pod reaches.
std::vector<std::string> Plan::forward_words() const {
  std::vector<std::string> words = {"forward", target, remote.ports, "--route", "direct"};
  words.insert(words.end(), scope.begin(), scope.end());
  return words;
}

std::vector<std::string> Plan::leave_words() const {
  std::vector<std::string> words = {"leave", leave};
  words.insert(words.end(), leave_scope.begin(), leave_scope.end());
  return words;
}

Result<Plan> make_plan(const Invocation& invocation, const control::GetEnv& get_env,
                       const std::string& working_directory) {
  const auto& args = invocation.ide;
  Plan plan;
  auto folder = folder_of(args.directory, working_directory);
  if (!folder) return fail(folder.error());
  plan.folder = std::move(*folder);
  const auto language = language_of(args.language, plan.folder);
  if (!language) return fail(language.error());
  plan.language = *language;
  const bool attach = !args.attach.empty();
  const auto planned =
      attach ? plan_attach(invocation, plan) : plan_swap(invocation, get_env, plan);
  if (!planned) return fail(planned.error());
  // Whoever attaches needs a program for its symbols only.
  if (!attach || plan.language == Language::kCpp) {
    auto program = program_of(plan.language, args.program, plan.folder);
    if (!program) return fail(program.error());
    plan.program = std::move(*program);
  }
  plan.arguments = args.arguments;
  plan.stay = args.stay;
  plan.ferry = own_command(get_env);
  const auto kube = kube_access(invocation, {}, working_directory);
  add_option(plan.leave_scope, "-n", kube.kube_namespace);
  add_option(plan.leave_scope, "--context", kube.context);
  plan.scope = plan.leave_scope;
  add_option(plan.scope, "--kubeconfig", kube.kubeconfig);
  if (!kube.kube_namespace.empty()) plan.title += " in " + kube.kube_namespace;
  if (!kube.context.empty()) plan.title += " @ " + kube.context;
  plan.name = as_file_name(plan.title);
  if (auto checked = check_texts(plan); !checked) return fail(checked.error());
  return plan;
}

}  // namespace ferry::cli::ide
