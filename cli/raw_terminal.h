// The terminal as a pipe for keys: nothing echoed, nothing read as a signal, each key at once. That
// is what a remote terminal wants of the local one.
#pragma once

#include <termios.h>

namespace ferry::cli {

// At most one at a time. Puts the terminal back when it goes, and where a signal ends or stops the
// process (SIGINT, SIGTERM, SIGHUP, SIGQUIT: with kExitInterrupted; SIGTSTP; the signals of a
// crash): they have handlers from the first one on. After SIGCONT it is raw again.
class RawTerminal {
 public:
  // fd: a terminal, which stays the caller's. Does nothing where it can't be made raw.
  explicit RawTerminal(int fd);
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
};

}  // namespace ferry::cli
