#include "cli/terminal.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <ostream>

#include "cli/human.h"
#include "cli/output.h"

namespace ferry::cli {
namespace {

constexpr const char* kEraseLine = "\r\033[K";

// A second and further lines are put under the first one.
std::string continued(const std::string& text, std::size_t indent) {
  std::string out;
  for (const char c : printable(text)) {
    out += c;
    if (c == '\n') out += std::string(indent, ' ');
  }
  return out;
}

// By the variables' names and order in POSIX.1, 8.2.
bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    for (const char* spelled : {"UTF-8", "utf-8", "UTF8", "utf8"}) {
      if (std::strstr(value, spelled) != nullptr) return true;
    }
    return false;
  }
  return false;
}

}  // namespace

TerminalOptions detect_terminal(bool no_color) {
  const char* wish = std::getenv("NO_COLOR");  // https://no-color.org: any value but an empty one
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::strcmp(term, "dumb") == 0;
  TerminalOptions options;
  options.utf8 = locale_is_utf8();
  options.error_is_terminal = isatty(STDERR_FILENO) == 1 && !dumb;
  const bool wanted = !no_color && (wish == nullptr || *wish == '\0');
  options.color = options.error_is_terminal && wanted;
  options.out_is_terminal = isatty(STDOUT_FILENO) == 1 && !dumb;
  options.out_color = options.out_is_terminal && wanted;
  return options;
}

std::string Terminal::painted(const char* color, const std::string& text) const {
  return options_.color && *color != '\0' ? color + text + kPlain : text;
}

void Terminal::line(const char* color, const std::string& text) {
  clear_progress();
  error_ << painted(color, printable(text)) << '\n' << std::flush;
}

void Terminal::print(const std::string& text) {
  clear_progress();
  out_ << text << std::flush;
}

bool Terminal::out_is_fine() const { return out_.good(); }

void Terminal::note(const std::string& text) { line("", text); }
void Terminal::good(const std::string& text) { line(kGreen, text); }
void Terminal::warn(const Problem& problem, const std::string& text) {
  line(kYellow, text + " [" + std::string(problem.id) + "]");
}
void Terminal::warn_of_link(const std::string& text) { line(kYellow, text); }

void Terminal::error(const Error& error) {
  clear_progress();
  error_ << painted(kRed, "error:") << ' '
         << continued(error.what.empty() ? error.why : error.what, 7) << '\n';
  if (!error.why.empty() && !error.what.empty()) {
    error_ << painted(kDim, "  why:") << ' ' << continued(error.why, 7) << '\n';
  }
  if (!error.fix.empty()) {
    error_ << painted(kDim, "  try:") << ' ' << continued(error.fix, 7) << '\n';
  }
  if (!error.id.empty()) error_ << painted(kDim, "  id:  " + printable(error.id)) << '\n';
  error_ << std::flush;
}

void Terminal::progress(const std::string& text) {
  if (text == progress_) return;
  if (!options_.error_is_terminal) {
    error_ << printable(text) << '\n' << std::flush;
    progress_ = text;
    return;
  }
  // Longer than the window it would wrap, and could not be written over: 79 fits the usual one.
  constexpr std::size_t kWidth = 79;
  error_ << kEraseLine << painted(kDim, printable(text).substr(0, kWidth)) << std::flush;
  progress_ = text;
}

void Terminal::progress(const std::string& text, std::int64_t milliseconds) {
  const bool timed = options_.error_is_terminal && milliseconds >= 1000;
  progress(timed ? text + " (" + human_age(milliseconds) + ")" : text);
}

void Terminal::clear_progress() {
  if (!options_.error_is_terminal || progress_.empty()) return;
  erase_line();
  progress_.clear();
}

void Terminal::erase_line() {
  if (options_.error_is_terminal) error_ << kEraseLine << std::flush;
}

}  // namespace ferry::cli
