#include "cli/ide/jetbrains.h"

#include <filesystem>
#include <utility>

#include "cli/command_checks.h"
#include "cli/ide/script.h"
#include "cli/problems.h"

namespace ferry::cli::ide {
namespace {

const std::string kRoot = "$PROJECT_DIR$";

// An attribute's value.
std::string xml(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string in_root(const std::string& path) {
  if (path.starts_with('/')) return path;
  return path == "." ? kRoot : kRoot + "/" + path;
}

std::string option(const std::string& name, const std::string& value) {
  return "    <option name=\"" + name + "\" value=\"" + xml(value) + "\" />\n";
}

std::string element(const std::string& name, const std::string& value) {
  return "    <" + name + " value=\"" + xml(value) + "\" />\n";
}

// The files there must be, and the labels, for one thing to be run.
std::string file_name(const Plan& plan, const std::string& what) {
  return ".run/ferry-" + what + "-" + plan.name + ".run.xml";
}

std::string script_name(const Plan& plan, const std::string& what) {
  return std::string(kOurFolder) + "/" + what + "-" + plan.name + ".sh";
}

// `attributes` begin with a space; `body` are whole lines; `before`: what runs first, or empty.
OwnFile configuration(const Plan& plan, const std::string& what, const std::string& type,
                      const std::string& attributes, const std::string& body,
                      const std::string& before) {
  const std::string name = "name=\"" + xml(plan.label(what)) + "\"";
  std::string text = "<component name=\"ProjectRunConfigurationManager\">\n";
  text += "  <configuration default=\"false\" " + name + " type=\"" + type + "\"" + attributes;
  text += ">\n" + body;
  if (before.empty()) {
    text += "    <method v=\"2\" />\n";
  } else {
    text += "    <method v=\"2\">\n";
    if (type == "Application") text += "      <option name=\"Make\" enabled=\"true\" />\n";
    text +=
        "      <option name=\"RunConfigurationTask\" enabled=\"true\" run_configuration_name=\"" +
        xml(plan.label(before)) + "\" run_configuration_type=\"ShConfigurationType\" />\n";
    text += "    </method>\n";
  }
  text += "  </configuration>\n</component>\n";
  return {file_name(plan, what), text, name};
}

// Not in a terminal: only then is the exit code heard of.
OwnFile script_configuration(const Plan& plan, const std::string& what) {
  return configuration(
      plan, what, "ShConfigurationType", "",
      option("SCRIPT_TEXT", "") + option("INDEPENDENT_SCRIPT_PATH", "true") +
          option("SCRIPT_PATH", in_root(script_name(plan, what))) + option("SCRIPT_OPTIONS", "") +
          option("INDEPENDENT_SCRIPT_WORKING_DIRECTORY", "true") +
          option("SCRIPT_WORKING_DIRECTORY", kRoot) +
          option("INDEPENDENT_INTERPRETER_PATH", "true") + option("INTERPRETER_PATH", "/bin/sh") +
          option("INTERPRETER_OPTIONS", "") + option("EXECUTE_IN_TERMINAL", "false") +
          option("EXECUTE_SCRIPT_FILE", "true") + "    <envs />\n",
      "");
}

// One field of words, as these IDEs split it: quotes group, a backslash escapes.
std::string parameters(const Plan& plan) {
  std::string out;
  for (const auto& word : plan.arguments) {
    std::string inside;
    for (const char c : word) inside += (c == '"' || c == '\\' ? "\\" : "") + std::string(1, c);
    const bool plain = !word.empty() && word.find_first_of(" \"\\'") == std::string::npos;
    out += (out.empty() ? "" : " ") + (plain ? word : "\"" + inside + "\"");
  }
  return out;
}

std::string ferry_root(const Plan& plan) {
  return "    <envs>\n      <env name=\"FERRY_ROOT\" value=\"" + xml(in_root(plan.files_dir())) +
         "\" />\n    </envs>\n";
}

// Of the module that a project of one module has.
std::string module(const Plan& plan) {
  return "    <module name=\"" + xml(std::filesystem::path(plan.folder).filename().string()) +
         "\" />\n";
}

std::string env_file_plugin(const Plan& plan) {
  return "    <EXTENSION ID=\"net.ashald.envfile\">\n"
         "      <option name=\"IS_ENABLED\" value=\"true\" />\n"
         "      <option name=\"IS_SUBST\" value=\"false\" />\n"
         "      <option name=\"IS_PATH_MACRO_SUPPORTED\" value=\"false\" />\n"
         "      <option name=\"IS_IGNORE_MISSING_FILES\" value=\"false\" />\n"
         "      <option name=\"IS_ENABLE_EXPERIMENTAL_INTEGRATIONS\" value=\"false\" />\n"
         "      <ENTRIES>\n"
         "        <ENTRY IS_ENABLED=\"true\" PARSER=\"runconfig\" IS_EXECUTABLE=\"false\" />\n"
         "        <ENTRY IS_ENABLED=\"true\" PARSER=\"env\" IS_EXECUTABLE=\"false\" PATH=\"" +
         xml(plan.env_file()) + "\" />\n      </ENTRIES>\n    </EXTENSION>\n";
}

OwnFile go(const Plan& plan) {
  const std::string folder = in_root(plan.program);
  return configuration(
      plan, "debug", "GoApplicationRunConfiguration", " factoryName=\"Go Application\"",
      module(plan) + element("working_directory", kRoot) + element("parameters", parameters(plan)) +
          ferry_root(plan) + env_file_plugin(plan) + element("kind", "DIRECTORY") +
          element("directory", folder) + element("filePath", folder),
      "swap");
}

OwnFile python(const Plan& plan) {
  const bool file = plan.program.ends_with(".py");
  return configuration(
      plan, "debug", "PythonConfigurationType", " factoryName=\"Python\"",
      module(plan) + option("ENV_FILES", in_root(plan.env_file())) +
          option("INTERPRETER_OPTIONS", "") + option("PARENT_ENVS", "true") + ferry_root(plan) +
          option("SDK_HOME", "") + option("WORKING_DIRECTORY", kRoot) +
          option("IS_MODULE_SDK", "true") + option("ADD_CONTENT_ROOTS", "true") +
          option("ADD_SOURCE_ROOTS", "true") +
          option("SCRIPT_NAME", file ? in_root(plan.program) : plan.program) +
          option("PARAMETERS", parameters(plan)) + option("SHOW_COMMAND_LINE", "false") +
          option("EMULATE_TERMINAL", "false") + option("MODULE_MODE", file ? "false" : "true") +
          option("REDIRECT_INPUT", "false") + option("INPUT_FILE", ""),
      "swap");
}

// Node.js itself reads the file: since 20.6.
OwnFile node(const Plan& plan) {
  return configuration(plan, "debug", "NodeJSConfigurationType",
                       " application-parameters=\"" + xml(parameters(plan)) +
                           "\" node-parameters=\"--env-file=" + xml(plan.env_file()) +
                           "\" path-to-js-file=\"" + xml(plan.program) + "\" working-dir=\"" +
                           kRoot + "\"",
                       ferry_root(plan), "swap");
}

OwnFile java(const Plan& plan) {
  return configuration(plan, "debug", "Application", " factoryName=\"Application\"",
                       option("ENV_FILES", in_root(plan.env_file())) + ferry_root(plan) +
                           option("MAIN_CLASS_NAME", plan.program) + module(plan) +
                           option("PROGRAM_PARAMETERS", parameters(plan)) +
                           option("WORKING_DIRECTORY", kRoot),
                       "swap");
}

OwnFile clion_remote(const Plan& plan, const std::string& what, int port,
                     const std::string& before) {
  std::string body = "    <debugger kind=\"GDB\" isBundled=\"true\" />\n";
  const auto& there = plan.remote.remote_root;
  if (!there.empty()) {
    body += "    <pathMapping remote=\"" + xml(there) + "\" local=\"" + kRoot + "\" />\n";
  }
  return configuration(plan, what, "CLion_Remote",
                       " version=\"1\" remoteCommand=\"127.0.0.1:" + std::to_string(port) +
                           "\" symbolFile=\"" + xml(in_root(plan.program)) + "\" sysroot=\"\"",
                       body, before);
}

OwnFile debug(const Plan& plan) {
  switch (plan.language) {
    case Language::kGo: return go(plan);
    case Language::kPython: return python(plan);
    case Language::kNode: return node(plan);
    case Language::kJava: return java(plan);
    case Language::kCpp: break;
  }
  return clion_remote(plan, "debug", kGdbserverPort, "swap");
}

Result<OwnFile> attach(const Plan& plan) {
  const std::string port = std::to_string(plan.remote.local);
  switch (plan.language) {
    case Language::kCpp: return clion_remote(plan, "attach", plan.remote.local, "forward");
    case Language::kGo:
      return configuration(plan, "attach", "GoRemoteDebugConfigurationType",
                           " factoryName=\"Go Remote\" port=\"" + port + "\"",
                           option("disconnectOption", "LEAVE"), "forward");
    case Language::kNode:
      return configuration(
          plan, "attach", "ChromiumRemoteDebugType",
          " factoryName=\"Chromium Remote\" host=\"127.0.0.1\" port=\"" + port + "\"", "",
          "forward");
    case Language::kJava:
      return configuration(plan, "attach", "Remote", " factoryName=\"Remote\"",
                           option("USE_SOCKET_TRANSPORT", "true") + option("SERVER_MODE", "false") +
                               option("SHMEM_ADDRESS", "") + option("HOST", "127.0.0.1") +
                               option("PORT", port) + option("AUTO_RESTART", "false"),
                           "forward");
    case Language::kPython: break;
  }
  return fail(problem::kIdeUnsupported, "writing a configuration that attaches for PyCharm",
              "PyCharm's debugger is connected to by the program, and attaches to no debugpy",
              "swap the program and debug it here (leave --attach out), or use VS Code");
}

OwnFile script(const Plan& plan, const std::string& what, std::string content) {
  return {script_name(plan, what), std::move(content), kScriptMark};
}

// CLion has no env file. The program is ferry's own child instead, which has the environment and
// the files; gdbserver holds it until CLion attaches, and its end ends the swap.
std::string swap_script(const Plan& plan) {
  std::vector<std::string> words = plan.swap_words(".");
  words.insert(words.begin(), plan.ferry);
  std::string ready = ": the local process may start";
  if (plan.language == Language::kCpp) {
    const std::string address = "127.0.0.1:" + std::to_string(kGdbserverPort);
    const bool absolute = plan.program.starts_with('/');  // else looked for in PATH
    const std::string program = (absolute ? "" : "./") + plan.program;
    words.insert(words.end(), {"--", "gdbserver", "--once", address, program});
    words.insert(words.end(), plan.arguments.begin(), plan.arguments.end());
    ready = "^Listening on port ";
  }
  return background_script(words, ready, "swap-" + plan.name);
}

std::string forward_script(const Plan& plan) {
  std::vector<std::string> words = plan.forward_words();
  words.insert(words.begin(), plan.ferry);
  return background_script(words, "^Forwarding from ", "forward-" + plan.name);
}

Status check_program(const Plan& plan) {
  const bool wanted = plan.language == Language::kCpp || plan.language == Language::kJava;
  const bool unused = plan.attach && plan.language == Language::kJava;
  if (!wanted || unused || !plan.program.empty()) return {};
  const bool java = plan.language == Language::kJava;
  return fail(usage_error(
      "which program to debug is missing",
      java ? "say it: --program com.example.Main" : "say it: --program cmake-build-debug/NAME"));
}

}  // namespace

Result<std::vector<OwnFile>> jetbrains_files(const Plan& plan) {
  if (auto checked = check_program(plan); !checked) return fail(checked.error());
  const std::string first = plan.attach ? "forward" : "swap";
  auto last = plan.attach ? attach(plan) : Result<OwnFile>(debug(plan));
  if (!last) return fail(last.error());
  std::vector<std::string> leave = plan.leave_words();
  leave.insert(leave.begin(), plan.ferry);
  return std::vector<OwnFile>{
      script(plan, first, plan.attach ? forward_script(plan) : swap_script(plan)),
      script(plan, "leave", plain_script(leave)), script_configuration(plan, first),
      script_configuration(plan, "leave"), std::move(*last)};
}

}  // namespace ferry::cli::ide
