#include "cli/environment_formats.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/base64.h"
#include "cli/utf8.h"

namespace ferry::cli {
namespace {

// bufio.MaxScanTokenSize; the line break counts.
constexpr std::size_t kDockerLine = std::size_t{64} * 1024 - 1;

constexpr std::array<std::string_view, 12> kOfTheMachine = {"HOME", "HOSTTYPE", "LOGNAME", "OLDPWD",
                                                            "PATH", "PWD",      "SHELL",   "SHLVL",
                                                            "TERM", "TMPDIR",   "USER",    "_"};

std::string why_not_in_env_file(const control::Variable& variable) {
  if (variable.name.find_first_of(" \t\r\n") != std::string::npos || variable.name.front() == '#') {
    return "such a name can't stand in a docker env file";
  }
  if (variable.value.find_first_of("\r\n") != std::string::npos) {
    return "its value has more than one line, which a docker env file can't hold";
  }
  if (!is_utf8(variable.name) || !is_utf8(variable.value)) {
    return "its value is not UTF-8, which docker refuses";
  }
  if (variable.name.size() + 1 + variable.value.size() >= kDockerLine) {
    return "its value is too long for docker, which reads lines of less than 64 KiB";
  }
  return {};
}

// POSIX: XBD 3.235, "Name".
bool is_shell_name(const std::string& name) {
  const auto fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return std::all_of(name.begin(), name.end(), fine) &&
         !(name.front() >= '0' && name.front() <= '9');
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace

FormattedEnvironment as_env_file(const Variables& variables) {
  FormattedEnvironment out;
  for (const auto& variable : variables) {
    const std::string why = why_not_in_env_file(variable);
    if (why.empty()) {
      out.text += variable.name + "=" + variable.value + "\n";
    } else {
      out.left_out.push_back(variable.name + ": " + why);
    }
  }
  return out;
}

FormattedEnvironment as_json(const Variables& variables) {
  FormattedEnvironment out;
  nlohmann::json json = nlohmann::json::object();
  for (const auto& variable : variables) {
    if (!is_utf8(variable.name)) {
      out.left_out.push_back(variable.name + ": its name is not UTF-8");
    } else if (is_utf8(variable.value)) {
      json[variable.name] = variable.value;
    } else {
      json[variable.name] = {{"base64", base64_encoded(variable.value)}};
    }
  }
  out.text = json.dump(2) + "\n";
  return out;
}

FormattedEnvironment as_shell(const Variables& variables) {
  FormattedEnvironment out;
  for (const auto& variable : variables) {
    if (is_shell_name(variable.name)) {
      out.text += "export " + variable.name + "=" + quoted(variable.value) + "\n";
    } else {
      out.left_out.push_back(variable.name + ": a shell has no variables of this name");
    }
  }
  return out;
}

// LD_...: of the dynamic linker (ld.so(8)), which would take its libraries from elsewhere.
bool belongs_to_the_machine(const std::string& name) {
  return name.starts_with("LD_") ||
         std::find(kOfTheMachine.begin(), kOfTheMachine.end(), name) != kOfTheMachine.end();
}

Variables portable(const Variables& variables) {
  Variables out;
  std::copy_if(variables.begin(), variables.end(), std::back_inserter(out),
               [](const auto& variable) { return !belongs_to_the_machine(variable.name); });
  return out;
}

std::vector<std::string> process_environment(const std::map<std::string, std::string>& local,
                                             const Variables& variables) {
  auto all = local;
  for (const auto& variable : portable(variables)) all[variable.name] = variable.value;
  std::vector<std::string> out;
  for (const auto& [name, value] : all) out.push_back(name + "=" + value);
  return out;
}

}  // namespace ferry::cli
