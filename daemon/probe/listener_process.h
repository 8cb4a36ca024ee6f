// The process that listens on a local port: how old it is, and whether a debugger holds it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace ferry::daemon {

struct ListenerProcess {
  std::optional<Duration> age;  // of the oldest that shares the port; empty where none can be seen
  std::string held;             // "app (pid 4711)" that a debugger holds; empty: none
};

// A process is held while another one traces it (TracerPid in /proc/PID/status, proc(5)), running
// or not, and while it is stopped (state T or t). Debuggers that don't trace, such as those of
// Java, JavaScript and Python, can't be seen. Takes milliseconds: not for the loop's thread.
// Without /proc nothing is known.
ListenerProcess inspect_listener(std::uint16_t port);

}  // namespace ferry::daemon
