// Which options and operands each command takes, as the parser is told of them.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/command_doc.h"
#include "cli/command_texts.h"
#include "cli/invocation.h"

namespace ferry::cli {

// What the parser fills in before it is checked.
struct Raw {
  Invocation invocation;
  std::string output;  // empty: not given
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

// The parser; it fills in `raw`, which outlives it.
Definition define(const std::string& program, Raw& raw);

// The options that the parser knows of, as data.
std::vector<OptionDoc> options_of(const CLI::App& app, const CommandText* text);

// The names of -o's formats that a command knows; all there are without one.
std::vector<std::string> formats_of(const CommandText* text);

}  // namespace ferry::cli
