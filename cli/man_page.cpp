#include "cli/man_page.h"

#include <algorithm>
#include <cctype>

namespace ferry::cli {
namespace {

// Backslashes and hyphens have meanings of their own, as have dots and quotes that begin a line.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool begins = out.empty() || out.back() == '\n';
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string page_name(const CommandDoc& command) {
  return command.name.empty() ? "ferry" : "ferry-" + command.name;
}

std::string options_section(const CommandDoc& command) {
  std::string out = ".SH OPTIONS\n";
  for (const auto& option : command.options) {
    out += ".TP\n";
    if (!option.short_name.empty()) out += "\\fB" + escaped(option.short_name) + "\\fR, ";
    out += "\\fB" + escaped(option.long_name) + "\\fR";
    if (!option.value.empty()) out += " \\fI" + escaped(option.value) + "\\fR";
    out += "\n" + escaped(option.description) + "\n";
  }
  return out;
}

constexpr const char* kExitStatus =
    ".SH EXIT STATUS\n"
    "0 done, 1 failed, 2 wrong usage, 3 no such object, 4 not allowed, 5 not reachable,\n"
    "130 interrupted.\n";

}  // namespace

std::string man_page(const ProgramDoc& doc, const CommandDoc& command, const std::string& version) {
  const bool whole = command.name.empty();
  std::string out = ".TH " + upper(escaped(page_name(command))) + " 1 \"\" \"Ferry " + version +
                    "\" \"Ferry\"\n.SH NAME\n" + escaped(page_name(command)) + " \\- " +
                    escaped(command.summary) + "\n.SH SYNOPSIS\n\\fBferry" +
                    (whole ? "\\fR \\fICOMMAND" : " " + command.name) + "\\fR " +
                    escaped(command.operands) + " [\\fIOPTIONS\\fR]\n";
  if (!command.details.empty()) out += ".SH DESCRIPTION\n" + escaped(command.details) + "\n";
  if (whole) {
    out += ".SH COMMANDS\n";
    for (const auto& each : doc.commands) {
      out += ".TP\n\\fB" + each.name + "\\fR\n" + escaped(each.summary) + ", see ferry\\-" +
             each.name + "(1)\n";
    }
  }
  out += options_section(command);
  if (!command.examples.empty()) {
    out += ".SH EXAMPLES\n.nf\n" + escaped(command.examples) + "\n.fi\n";
  }
  out += kExitStatus;
  if (!whole) out += ".SH SEE ALSO\nferry(1)\n";
  return out;
}

}  // namespace ferry::cli
