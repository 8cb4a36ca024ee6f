// Where a command's words go: results to stdout, everything else to stderr; colours and lines that
// are written over only where somebody looks on.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "base/error.h"

namespace ferry::cli {

// What a terminal is sent for a colour; kPlain ends it (ECMA-48, select graphic rendition).
inline constexpr const char* kRed = "\033[31m";
inline constexpr const char* kGreen = "\033[32m";
inline constexpr const char* kYellow = "\033[33m";
inline constexpr const char* kDim = "\033[2m";
inline constexpr const char* kPlain = "\033[0m";

struct TerminalOptions {
  bool error_is_terminal = false;
  bool color = false;  // on stderr
  bool out_color = false;
  bool out_is_terminal = false;  // and shows what is drawn
  bool utf8 = false;             // by the locale
};

// What this process's streams and environment (NO_COLOR, TERM) allow.
TerminalOptions detect_terminal(bool no_color);

class Terminal {
 public:
  Terminal(std::ostream& out, std::ostream& error, TerminalOptions options)
      : out_(out), error_(error), options_(options) {}
  ~Terminal() { clear_progress(); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void print(const std::string& text);  // to stdout, flushed
  void note(const std::string& line);   // to stderr
  void good(const std::string& line);   // to stderr, green
  // To stderr, yellow: a warning, with its id behind it; and what a link waits for.
  void warn(const Problem& problem, const std::string& line);
  void warn_of_link(const std::string& line);

  // what / why / what to do.
  void error(const Error& error);

  // A long step: on a terminal the line is written over by the next one, elsewhere every change is
  // a line of its own. Equal lines are shown once.
  void progress(const std::string& line);
  // The same, and how long it takes already, which alone is no change.
  void progress(const std::string& line, std::int64_t milliseconds);
  // Takes an overwritable line away.
  void clear_progress();
  // Takes whatever stands on the cursor's line away, where somebody looks on.
  void erase_line();

  // Whether what was printed found its reader so far.
  bool out_is_fine() const;
  // Whether colours go to stdout.
  bool out_color() const { return options_.out_color; }
  bool out_is_terminal() const { return options_.out_is_terminal; }
  bool shows_utf8() const { return options_.utf8; }

 private:
  void line(const char* color, const std::string& text);
  std::string painted(const char* color, const std::string& text) const;

  std::ostream& out_;
  std::ostream& error_;
  const TerminalOptions options_;
  std::string progress_;  // the line that stands there
};

}  // namespace ferry::cli
