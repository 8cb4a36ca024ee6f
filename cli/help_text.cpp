#include <algorithm>

#include "cli/command_doc.h"

namespace ferry::cli {
namespace {

std::string names_of(const OptionDoc& option) {
  std::string out = option.short_name.empty() ? "    " : option.short_name + ", ";
  out += option.long_name;
  if (!option.value.empty()) out += " " + option.value;
  return out;
}

// Rows of two columns.
class Rows {
 public:
  void add(std::string left, std::string right) {
    width_ = std::max(width_, left.size());
    rows_.emplace_back(std::move(left), std::move(right));
  }
  std::string text(const std::string& heading) const {
    if (rows_.empty()) return {};
    std::string out = "\n" + heading + "\n";
    for (const auto& [left, right] : rows_) {
      out += "  " + left + std::string(width_ - left.size() + 3, ' ') + right + "\n";
    }
    return out;
  }

 private:
  std::size_t width_ = 0;
  std::vector<std::pair<std::string, std::string>> rows_;
};

std::string indented(const std::string& text) {
  std::string out = "  ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "  ";
  }
  return out + "\n";
}

std::string options_text(const CommandDoc& command, bool common, const std::string& heading) {
  Rows rows;
  for (const auto& option : command.options) {
    if (option.common == common) rows.add(names_of(option), option.description);
  }
  return rows.text(heading);
}

}  // namespace

std::string help_text(const ProgramDoc& doc, const CommandDoc& command) {
  const bool whole = command.name.empty();
  std::string out = command.summary + "\n\nUsage: " + doc.program;
  out += whole ? " COMMAND" : " " + command.name;
  if (!command.operands.empty()) out += " " + command.operands;
  out += " [OPTIONS]\n";
  if (!command.details.empty()) out += "\n" + command.details + "\n";
  if (!command.examples.empty()) out += "\nExamples:\n" + indented(command.examples);
  if (whole) {
    Rows rows;
    for (const auto& each : doc.commands) rows.add(each.name, each.summary);
    out += rows.text("Commands:");
  }
  out += options_text(command, false, "Options:");
  out += options_text(command, true, "Common options:");
  if (whole) out += "\n'" + doc.program + " COMMAND --help' tells more about a command.\n";
  return out;
}

}  // namespace ferry::cli
