#include "cli/completion.h"

#include <algorithm>
#include <cctype>

namespace ferry::cli {
namespace {

constexpr const char* kTargetStarts = "svc/ deploy/ sts/ rs/ pod/ host/";

// What follows a command that is no option.
std::string operands_of(const CommandDoc& command) {
  if (command.name == "forward") return kTargetStarts;
  if (command.name == "swap-deployment" || command.name == "restore") return "deploy/ sts/ rs/";
  if (command.name == "logs" || command.name == "exec" || command.name == "debug")
    return "svc/ deploy/ sts/ rs/ pod/";
  if (command.name == "diagnose") return "svc/ deploy/ sts/ rs/ pod/ link/";
  if (command.name == "completion") return "bash zsh fish";
  if (command.name == "ide") return "vscode jetbrains deploy/ sts/ rs/";
  return {};
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::string all_options(const CommandDoc& command) {
  std::vector<std::string> names;
  for (const auto& option : command.options) {
    if (!option.short_name.empty()) names.push_back(option.short_name);
    names.push_back(option.long_name);
  }
  return joined(names);
}

std::string pattern_of(const OptionDoc& option) {
  return option.short_name.empty() ? option.long_name : option.short_name + "|" + option.long_name;
}

std::string names_of(const CommandDoc& command) {
  return command.alias.empty() ? command.name : command.name + "|" + command.alias;
}

// In single quotes, for sh and fish alike.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// case branches: what completes the value of the option before the cursor
std::string bash_values(const CommandDoc& command) {
  std::string out;
  for (const auto& option : command.options) {
    if (option.value.empty()) continue;
    out += "    " + pattern_of(option) + ") ";
    if (!option.choices.empty()) {
      out += "COMPREPLY=($(compgen -W '" + joined(option.choices) + "' -- \"$cur\"))";
    } else if (option.value == "FILE") {
      out += "COMPREPLY=($(compgen -f -- \"$cur\"))";
    } else if (option.value == "DIR") {
      out += "COMPREPLY=($(compgen -d -- \"$cur\"))";
    } else if (option.long_name == "--context") {
      out +=
          "COMPREPLY=($(compgen -W \"$(kubectl config get-contexts -o name 2>/dev/null)\" -- "
          "\"$cur\"))";
    } else {
      out += ":";
    }
    out += "; return ;;\n";
  }
  return out;
}

std::string zsh_escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_option(const OptionDoc& option) {
  std::string value;
  if (!option.value.empty()) {
    value = ":" + option.value + ":";
    if (!option.choices.empty()) {
      value += "(" + joined(option.choices) + ")";
    } else if (option.value == "FILE") {
      value += "_files";
    } else if (option.value == "DIR") {
      value += "_files -/";
    }
  }
  const std::string description = "[" + zsh_escaped(option.description) + "]" + value;
  if (option.short_name.empty()) return quoted(option.long_name + description);
  return "{" + option.short_name + "," + option.long_name + "}" + quoted(description);
}

std::string zsh_command(const CommandDoc& command) {
  std::string out = "    " + names_of(command) + ")\n      _arguments -s";
  for (const auto& option : command.options) out += " \\\n        " + zsh_option(option);
  const std::string operands = operands_of(command);
  if (command.name == "leave") {
    out += " \\\n        '*:link:($(ferry list -o name 2>/dev/null))'";
  } else if (!operands.empty()) {
    out += " \\\n        " + quoted("1:operand:(" + operands + ")");
  }
  return out + "\n      ;;\n";
}

std::string fish_option(const std::string& condition, const OptionDoc& option) {
  std::string out = "complete -c ferry -n " + quoted(condition);
  if (!option.short_name.empty()) out += " -s " + option.short_name.substr(1);
  out += " -l " + option.long_name.substr(2) + " -d " + quoted(option.description);
  if (!option.choices.empty()) {
    out += " -x -a " + quoted(joined(option.choices));
  } else if (option.value == "FILE" || option.value == "DIR") {
    out += " -r -F";
  } else if (!option.value.empty()) {
    out += " -x";
  }
  return out + "\n";
}

}  // namespace

std::string bash_completion(const ProgramDoc& doc) {
  std::vector<std::string> names;
  for (const auto& command : doc.commands) names.push_back(command.name);
  std::string out =
      "# bash completion of ferry; source it, or put it where bash-completion looks.\n"
      "_ferry() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev='' command='' word\n"
      "  [ \"$COMP_CWORD\" -gt 0 ] && prev=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case $word in\n";
  std::string every;
  for (const auto& command : doc.commands) {
    every += (every.empty() ? "" : "|") + names_of(command);
  }
  out += "    " + every + ") command=$word; break ;;\n    esac\n  done\n  case $command in\n";
  for (const auto& command : doc.commands) {
    out +=
        "  " + names_of(command) + ")\n    case $prev in\n" + bash_values(command) + "    esac\n";
    std::string words = "'" + operands_of(command) + "'";
    if (command.name == "leave") words = "\"$(ferry list -o name 2>/dev/null)\"";
    out += "    if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '" + all_options(command) +
           "' -- \"$cur\"))\n    else COMPREPLY=($(compgen -W " + words + " -- \"$cur\")); fi ;;\n";
  }
  out += "  *)\n    case $prev in\n" + bash_values(doc.main) +
         "    esac\n    COMPREPLY=($(compgen -W '" + joined(names) + " " + all_options(doc.main) +
         "' -- \"$cur\")) ;;\n  esac\n"
         "  [[ ${COMPREPLY[0]-} == */ ]] && compopt -o nospace 2>/dev/null\n"
         "  return 0\n}\n"
         "complete -F _ferry ferry kubectl-ferry\n";
  return out;
}

std::string zsh_completion(const ProgramDoc& doc) {
  std::string out =
      "#compdef ferry kubectl-ferry\n"
      "_ferry() {\n"
      "  local -a commands\n"
      "  commands=(\n";
  for (const auto& command : doc.commands) {
    out += "    " + quoted(command.name + ":" + zsh_escaped(command.summary)) + "\n";
  }
  out +=
      "  )\n"
      "  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n"
      "  local command=$words[2]\n  shift words\n  (( CURRENT-- ))\n"
      "  case $command in\n";
  for (const auto& command : doc.commands) out += zsh_command(command);
  return out + "  esac\n}\n_ferry \"$@\"\n";
}

std::string fish_completion(const ProgramDoc& doc) {
  std::string out = "complete -c ferry -f\n";
  for (const auto& command : doc.commands) {
    out += "complete -c ferry -n __fish_use_subcommand -a " + command.name + " -d " +
           quoted(command.summary) + "\n";
  }
  for (const auto& option : doc.main.options) out += fish_option("__fish_use_subcommand", option);
  for (const auto& command : doc.commands) {
    const std::string condition = "__fish_seen_subcommand_from " + command.name +
                                  (command.alias.empty() ? "" : " " + command.alias);
    for (const auto& option : command.options) out += fish_option(condition, option);
    std::string operands = operands_of(command);
    if (command.name == "leave") operands = "(ferry list -o name 2>/dev/null)";
    if (operands.empty()) continue;
    out += "complete -c ferry -n " + quoted(condition) + " -a " + quoted(operands) + "\n";
  }
  return out;
}

}  // namespace ferry::cli
