#include "cli/ide/vscode.h"
#include "cli/problems.h"

#include <algorithm>
#include <utility>

namespace ferry::cli::ide {
namespace {

using jsonc::Json;

const std::string kWorkspace = "${workspaceFolder}";

// Lines that `ferry swap-deployment` and `ferry forward` really print (swap.cpp, link_talk.cpp).
// From its start on, a task is busy until one matches that ends it.
constexpr const char* kBusy = ": waiting: ";
// A swap may wait for one port while another is served, and works then without "again".
constexpr const char* kSwapReady = "(: the local process may start|: works again after |^Swapped )";
constexpr const char* kForwardReady = "(^Forwarding from |: works again after )";

std::string in_workspace(const std::string& path) {
  if (path.starts_with('/') || path.starts_with("${")) return path;
  return path == "." ? kWorkspace : kWorkspace + "/" + path;
}

Json task(const Plan& plan, const std::string& what, const std::vector<std::string>& words) {
  return {{"label", plan.label(what)},
          {"detail", "written by 'ferry ide vscode', which writes it anew when run again"},
          {"type", "process"},
          {"command", plan.ferry},
          {"args", words},
          {"options", {{"cwd", kWorkspace}}}};
}

// A task that stays. VS Code looks for the lines of its background only with a problem matcher;
// this one's pattern matches no line: a task that fails is told of by its exit code.
Json background_task(const Plan& plan, const std::string& what,
                     const std::vector<std::string>& words, const char* ready) {
  Json out = task(plan, what, words);
  out["isBackground"] = true;
  out["problemMatcher"] = {
      {"owner", "ferry"},
      {"pattern", {{"regexp", "^(?!)$"}, {"kind", "file"}, {"file", 1}, {"message", 1}}},
      {"background", {{"activeOnStart", true}, {"beginsPattern", kBusy}, {"endsPattern", ready}}}};
  out["presentation"] = {
      {"reveal", "always"}, {"focus", false}, {"panel", "dedicated"}, {"showReuseMessage", false}};
  out["runOptions"] = {{"instanceLimit", 1}};
  return out;
}

Json leave_task(const Plan& plan) {
  Json out = task(plan, "leave", plan.leave_words());
  out["problemMatcher"] = Json::array();
  out["presentation"] = {{"reveal", "silent"}, {"showReuseMessage", false}};
  return out;
}

const char* type_of(Language language) {
  switch (language) {
    case Language::kCpp: return "cppdbg";
    case Language::kGo: return "go";
    case Language::kPython: return "debugpy";
    case Language::kNode: return "node";
    case Language::kJava: return "java";
  }
  return "";
}

std::string cpp_program(const Plan& plan) {
  return in_workspace(plan.program.empty() ? "${command:cmake.launchTargetPath}" : plan.program);
}

void add_program(Json& out, const Plan& plan) {
  const auto& program = plan.program;
  switch (plan.language) {
    case Language::kCpp:
      out["program"] = cpp_program(plan);
      out["MIMode"] = "gdb";
      break;
    case Language::kGo:
      out["mode"] = "debug";
      out["program"] = in_workspace(program);
      break;
    case Language::kPython:
      if (program.ends_with(".py")) {
        out["program"] = in_workspace(program);
      } else {
        out["module"] = program;
      }
      out["console"] = "integratedTerminal";
      break;
    case Language::kNode:
      out["program"] = in_workspace(program);
      out["console"] = "integratedTerminal";
      break;
    case Language::kJava:
      if (!program.empty()) out["mainClass"] = program;
      break;
  }
}

Json launch_of(const Plan& plan) {
  Json out = {
      {"name", plan.label("debug")}, {"type", type_of(plan.language)}, {"request", "launch"}};
  add_program(out, plan);
  out["args"] = plan.arguments;
  out["cwd"] = kWorkspace;
  out["envFile"] = in_workspace(plan.env_file());
  const std::string files = in_workspace(plan.files_dir());
  if (plan.language == Language::kCpp) {
    out["environment"] = Json::array({{{"name", "FERRY_ROOT"}, {"value", files}}});
  } else {
    out["env"] = {{"FERRY_ROOT", files}};
  }
  return out;
}

void add_server(Json& out, const Plan& plan) {
  const int port = plan.remote.local;
  const auto& there = plan.remote.remote_root;
  switch (plan.language) {
    case Language::kCpp:
      out["request"] = "launch";  // of cppdbg, also where a gdbserver has the program
      out["program"] = cpp_program(plan);
      out["cwd"] = kWorkspace;
      out["MIMode"] = "gdb";
      out["miDebuggerServerAddress"] = "127.0.0.1:" + std::to_string(port);
      if (!there.empty()) out["sourceFileMap"] = {{there, kWorkspace}};
      break;
    case Language::kGo:
      out["mode"] = "remote";
      out["host"] = "127.0.0.1";
      out["port"] = port;
      if (!there.empty()) {
        out["substitutePath"] = Json::array({{{"from", kWorkspace}, {"to", there}}});
      }
      break;
    case Language::kPython:
      out["connect"] = {{"host", "127.0.0.1"}, {"port", port}};
      out["pathMappings"] = Json::array(
          {{{"localRoot", kWorkspace}, {"remoteRoot", there.empty() ? std::string(".") : there}}});
      break;
    case Language::kNode:
      out["address"] = "127.0.0.1";
      out["port"] = port;
      if (!there.empty()) {
        out["localRoot"] = kWorkspace;
        out["remoteRoot"] = there;
      }
      break;
    case Language::kJava:
      out["hostName"] = "127.0.0.1";
      out["port"] = port;
      break;
  }
}

Json attach_of(const Plan& plan) {
  Json out = {
      {"name", plan.label("attach")}, {"type", type_of(plan.language)}, {"request", "attach"}};
  add_server(out, plan);
  return out;
}

// VS Code puts values in the place of ${...}, and has no way to write that text itself.
Status check_variables(const Plan& plan) {
  std::vector<std::string> texts = plan.scope;
  texts.insert(texts.end(), plan.arguments.begin(), plan.arguments.end());
  texts.insert(texts.end(), {plan.ferry, plan.remote.remote_root});
  for (const auto& text : texts) {
    if (text.find("${") == std::string::npos) continue;
    return fail(problem::kNameUnwritable, "writing '" + text + "' for VS Code",
                "VS Code takes ${...} for a variable of its own", "give it a name without \"${\"");
  }
  return {};
}

}  // namespace

Result<VscodeEntries> vscode_entries(const Plan& plan) {
  if (auto checked = check_variables(plan); !checked) return fail(checked.error());
  const std::string what = plan.attach ? "forward" : "swap";
  auto launch = plan.attach ? attach_of(plan) : launch_of(plan);
  launch["preLaunchTask"] = plan.label(what);
  if (!plan.stay) launch["postDebugTask"] = plan.label("leave");
  auto words = plan.attach ? plan.forward_words() : plan.swap_words(kWorkspace);
  words.emplace_back("--no-color");
  return VscodeEntries{
      .tasks = {background_task(plan, what, words, plan.attach ? kForwardReady : kSwapReady),
                leave_task(plan)},
      .launches = {std::move(launch)}};
}

}  // namespace ferry::cli::ide
