// Who listens on a local TCP port: for the error that says a port is taken.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ferry::daemon {

struct PortHolder {
  int pid = 0;            // 0: the process can't be seen (it is another user's)
  std::string name;       // as in /proc/PID/comm; empty where the process can't be seen
  std::uint32_t uid = 0;  // owner of the socket
};

// Looks through /proc/net/tcp and tcp6 (proc(5)) and the descriptors of all visible processes.
// Empty where nobody listens on that port, or the system has no /proc.
std::optional<PortHolder> find_port_holder(std::uint16_t port);

// "nginx (pid 4711)", or "a process of user 0 that this user may not see".
std::string describe(const PortHolder& holder);

}  // namespace ferry::daemon
