// Who listens on a local TCP port: for the error that says a port is taken, and for what is to be
// known of the process behind it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ferry {

struct PortHolder {
  int pid = 0;            // 0: the process can't be seen (it is another user's)
  std::string name;       // as in /proc/PID/comm; empty where the process can't be seen
  std::uint32_t uid = 0;  // owner of the socket
};

// Look through /proc/net/tcp and tcp6 (proc(5)) and the descriptors of all visible processes, which
// takes milliseconds. Empty where nobody listens on that port, or the system has no /proc.
std::optional<PortHolder> find_port_holder(std::uint16_t port);
// All that share the port: workers that inherited its socket, others with SO_REUSEPORT. One without
// a pid if none of them can be seen.
std::vector<PortHolder> find_port_holders(std::uint16_t port);

// Whether somebody does, without looking for the process.
bool somebody_listens(std::uint16_t port);

// "nginx (pid 4711)", or "a process of user 0 that this user may not see".
std::string describe(const PortHolder& holder);

}  // namespace ferry
