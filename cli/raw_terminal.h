// The terminal as a pipe for keys: nothing echoed, nothing read as a signal, each key at once. That
// is what a remote terminal wants of the local one.
#pragma once

#include <cstdint>

namespace ferry::cli {

// Whether SIGINT, SIGTERM, SIGHUP and SIGQUIT end the process at once, with kExitInterrupted, or do
// what they did before.
enum class EndingSignals : std::uint8_t { kEnd, kAsBefore };

// At most one at a time. Puts the terminal back when it goes, and where a signal ends or stops the
// process (those that end it by EndingSignals; SIGTSTP; the signals of a crash): they have handlers
// from the first one on. After SIGCONT it is raw again.
class RawTerminal {
 public:
  // fd: a terminal, which stays the caller's. Does nothing where it can't be made raw.
  RawTerminal(int fd, EndingSignals signals);
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
};

}  // namespace ferry::cli
