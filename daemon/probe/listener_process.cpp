#include "daemon/probe/listener_process.h"

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <sstream>

#include "base/port_holder.h"

namespace ferry::daemon {
namespace {

std::string process_file(int pid, const char* name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

bool is_held(int pid) {
  std::ifstream status(process_file(pid, "status"));
  for (std::string line; std::getline(status, line);) {
    std::istringstream fields(line);
    std::string name, value;
    fields >> name >> value;
    if (name == "State:" && (value == "T" || value == "t")) return true;
    if (name == "TracerPid:" && value != "0") return true;
  }
  return false;
}

Duration since_boot() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// From the field starttime, the 22nd of /proc/PID/stat, in clock ticks since boot. The second one,
// in parentheses, may hold anything.
std::optional<Duration> age_of(int pid) {
  static constexpr int kFieldsBetween = 19;  // from the third to the 21st
  std::ifstream file(process_file(pid, "stat"));
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < kFieldsBetween; ++i) fields >> skipped;
  std::int64_t ticks = 0;
  if (!(fields >> ticks)) return {};
  const Duration started = std::chrono::nanoseconds(std::chrono::seconds(1)) * ticks /
                           static_cast<std::int64_t>(sysconf(_SC_CLK_TCK));
  return std::max(Duration::zero(), since_boot() - started);
}

}  // namespace

ListenerProcess inspect_listener(std::uint16_t port) {
  ListenerProcess found;
  for (const PortHolder& holder : find_port_holders(port)) {
    if (holder.pid == 0) continue;
    if (const auto age = age_of(holder.pid)) {
      found.age = std::max(found.age.value_or(Duration::zero()), *age);
    }
    if (found.held.empty() && is_held(holder.pid)) found.held = describe(holder);
  }
  return found;
}

}  // namespace ferry::daemon
