// The command line as data: what help texts, man pages and completion scripts are made from.
#pragma once

#include <string>
#include <vector>

namespace ferry::cli {

struct OptionDoc {
  std::string short_name;  // "-n", or empty
  std::string long_name;   // "--namespace"
  std::string value;       // "NAME"; empty for a flag
  std::string description;
  bool common = false;               // an option of every command
  std::vector<std::string> choices;  // the values there are, if they are few
};

struct CommandDoc {
  std::string name;  // "forward"; empty for the program itself
  std::string alias;
  std::string summary;
  std::string operands;
  std::string details;
  std::string examples;
  std::vector<OptionDoc> options;
};

struct ProgramDoc {
  std::string program;  // "ferry" or "kubectl ferry"
  CommandDoc main;
  std::vector<CommandDoc> commands;
};

// What --help prints.
std::string help_text(const ProgramDoc& doc, const CommandDoc& command);

}  // namespace ferry::cli
