#include "cli/ide/ide.h"

#include <filesystem>
#include <utility>

#include "cli/ide/jetbrains.h"
#include "cli/ide/jsonc_edit.h"
#include "cli/ide/vscode.h"
#include "cli/problems.h"

namespace ferry::cli::ide {
namespace {

// The container's environment may hold secrets: git is to leave all but our scripts alone.
constexpr const char* kIgnore = "*\n!.gitignore\n!*.sh\n";

Result<FileChange> change_of(const Plan& plan, const std::string& name) {
  const std::string path = plan.folder + "/" + name;
  auto before = read_project_file(path);
  if (!before) return fail(before.error());
  return FileChange{path, name, std::move(*before), {}};
}

Result<FileChange> merged(const Plan& plan, const std::string& name,
                          const jsonc::Entries& entries) {
  auto change = change_of(plan, name);
  if (!change) return change;
  auto text = jsonc::merge(change->before.value_or(""), entries);
  if (!text) {
    auto error = text.error();
    error.what = "reading " + change->path;
    error.fix = "mend it, or move it away; it was left as it is";
    return fail(std::move(error));
  }
  change->after = std::move(*text);
  return change;
}

Result<FileChange> replaced(const Plan& plan, const OwnFile& file) {
  auto change = change_of(plan, file.path);
  if (!change) return change;
  if (change->before && change->before->find(file.mark) == std::string::npos) {
    return fail(problem::kNotOurFile, "writing " + change->path,
                "there is a file of that name, which ferry did not write",
                "move it away, or give it another name");
  }
  change->after = file.content;
  return change;
}

// Left as it is where it exists: a user may want something else ignored.
Result<FileChange> ignore_file(const Plan& plan) {
  auto change = change_of(plan, std::string(kOurFolder) + "/.gitignore");
  if (change) change->after = change->before.value_or(kIgnore);
  return change;
}

// It may be built later; a module or a class is no file at all.
void warn_of_missing_program(const Plan& plan, const std::string& given, Terminal& terminal) {
  const bool named_otherwise =
      plan.language == Language::kJava ||
      (plan.language == Language::kPython && !plan.program.ends_with(".py"));
  if (given.empty() || plan.program.empty() || named_otherwise) return;
  const auto path = std::filesystem::path(plan.folder) / plan.program;
  std::error_code error;
  if (std::filesystem::exists(path, error) || error) return;
  terminal.warn(problem::kProgramMissing, "--program " + plan.program + ": there is no " +
                                              path.string() +
                                              " yet; it has to be there when debugging starts");
}

}  // namespace

Result<std::vector<FileChange>> vscode_changes(const Plan& plan) {
  auto entries = vscode_entries(plan);
  if (!entries) return fail(entries.error());
  auto ignore = ignore_file(plan);
  if (!ignore) return fail(ignore.error());
  auto tasks = merged(plan, ".vscode/tasks.json", {"tasks", "label", entries->tasks, "2.0.0"});
  if (!tasks) return fail(tasks.error());
  auto launches =
      merged(plan, ".vscode/launch.json", {"configurations", "name", entries->launches, "0.2.0"});
  if (!launches) return fail(launches.error());
  return std::vector<FileChange>{std::move(*ignore), std::move(*tasks), std::move(*launches)};
}

Result<std::vector<FileChange>> jetbrains_changes(const Plan& plan) {
  const auto files = jetbrains_files(plan);
  if (!files) return fail(files.error());
  auto ignore = ignore_file(plan);
  if (!ignore) return fail(ignore.error());
  std::vector<FileChange> changes = {std::move(*ignore)};
  for (const auto& file : *files) {
    auto change = replaced(plan, file);
    if (!change) return fail(change.error());
    changes.push_back(std::move(*change));
  }
  return changes;
}

Status run(const Invocation& invocation, const control::GetEnv& get_env,
           const std::string& working_directory, Terminal& terminal) {
  const auto& args = invocation.ide;
  const auto plan = make_plan(invocation, get_env, working_directory);
  if (!plan) return fail(plan.error());
  const auto changes = args.ide == "vscode" ? vscode_changes(*plan) : jetbrains_changes(*plan);
  if (!changes) return fail(changes.error());
  warn_of_missing_program(*plan, args.program, terminal);
  for (const auto& change : *changes) {
    const bool same = change.before == change.after;
    if (args.dry_run) {
      terminal.print("--- " + change.name + (same ? " (as it is)\n" : "\n") + change.after);
    } else if (!same) {
      if (auto written = write_project_file(change); !written) return written;
      terminal.print("wrote " + change.name + "\n");
    }
  }
  if (args.dry_run) return {};
  const char* what = plan->attach ? "attach" : "debug";
  terminal.note("to be started there: '" + plan->label(what) + "'");
  return {};
}

}  // namespace ferry::cli::ide
