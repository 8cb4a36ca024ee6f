#include "base/port_holder.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

namespace ferry {
namespace {

namespace fs = std::filesystem;

struct ListeningSocket {
  std::string inode;
  std::uint32_t uid = 0;
};

// A row of /proc/net/tcp: sl local_address rem_address st queues timer retrnsmt uid timeout inode.
std::optional<ListeningSocket> match_row(const std::string& row, std::uint16_t port) {
  static constexpr std::string_view kListen = "0A";
  std::istringstream fields(row);
  std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
  fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >>
      inode;
  const auto colon = local.rfind(':');
  if (!fields || state != kListen || colon == std::string::npos) return {};
  unsigned found = 0;
  std::from_chars(local.data() + colon + 1, local.data() + local.size(), found, 16);
  if (found != port) return {};
  ListeningSocket socket{.inode = inode};
  std::from_chars(uid.data(), uid.data() + uid.size(), socket.uid);
  return socket;
}

std::vector<ListeningSocket> find_sockets(std::uint16_t port) {
  std::vector<ListeningSocket> sockets;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(table);
    for (std::string row; std::getline(file, row);) {
      if (auto socket = match_row(row, port)) sockets.push_back(std::move(*socket));
    }
  }
  return sockets;
}

// The first of the sockets that the process has open.
const ListeningSocket* held_by(const fs::path& process,
                               const std::vector<ListeningSocket>& sockets) {
  std::error_code error;
  for (fs::directory_iterator fd(process / "fd", error), end; !error && fd != end;
       fd.increment(error)) {
    std::error_code ignored;
    const std::string link = fs::read_symlink(fd->path(), ignored).string();
    for (const ListeningSocket& socket : sockets) {
      if (link == "socket:[" + socket.inode + "]") return &socket;
    }
  }
  return nullptr;
}

int pid_of(const fs::path& process) {
  const std::string name = process.filename().string();
  int pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  return error == std::errc{} && end == name.data() + name.size() ? pid : 0;
}

}  // namespace

std::vector<PortHolder> find_port_holders(std::uint16_t port) {
  const auto sockets = find_sockets(port);
  std::vector<PortHolder> holders;
  if (sockets.empty()) return holders;
  std::error_code error;
  for (fs::directory_iterator process("/proc", error), end; !error && process != end;
       process.increment(error)) {
    const int pid = pid_of(process->path());
    const ListeningSocket* socket = pid == 0 ? nullptr : held_by(process->path(), sockets);
    if (socket == nullptr) continue;
    PortHolder& holder = holders.emplace_back(PortHolder{.pid = pid, .uid = socket->uid});
    std::ifstream comm(process->path() / "comm");
    std::getline(comm, holder.name);
  }
  if (holders.empty()) holders.push_back({.uid = sockets.front().uid});
  return holders;
}

std::optional<PortHolder> find_port_holder(std::uint16_t port) {
  auto holders = find_port_holders(port);
  if (holders.empty()) return {};
  return std::move(holders.front());
}

bool somebody_listens(std::uint16_t port) { return !find_sockets(port).empty(); }

std::string describe(const PortHolder& holder) {
  if (holder.pid != 0) return holder.name + " (pid " + std::to_string(holder.pid) + ")";
  return "a process of user " + std::to_string(holder.uid) + " that this user may not see";
}

}  // namespace ferry
