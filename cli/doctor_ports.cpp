// Whether the local ports of detached links can be had, or are held by the daemon already.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/port_holder.h"
#include "cli/doctor.h"
#include "daemon/control/json.h"
#include "kube/text.h"

namespace ferry::cli {
namespace {

constexpr std::size_t kMaxFile = std::size_t{8} * 1024 * 1024;

// Binding is no listening: nobody can connect meanwhile.
template <typename Address>
bool refused(const Address& address, int family) {
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  const bool taken = bind(fd, generic, sizeof(address)) != 0 && errno == EADDRINUSE;
  close(fd);
  return taken;
}

bool is_taken(const std::string& literal, std::uint16_t port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  if (inet_pton(AF_INET, literal.c_str(), &v4.sin_addr) == 1) return refused(v4, AF_INET);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  return inet_pton(AF_INET6, literal.c_str(), &v6.sin6_addr) == 1 && refused(v6, AF_INET6);
}

// Empty: it can be had, or the daemon has it.
std::string taken_by(const control::LinkSpec& spec, std::uint16_t port, int daemon) {
  const auto addresses =
      spec.addresses.empty() ? std::vector<std::string>{"127.0.0.1", "::1"} : spec.addresses;
  const bool taken = std::any_of(addresses.begin(), addresses.end(),
                                 [&](const auto& address) { return is_taken(address, port); });
  if (!taken) return {};
  const auto holders = find_port_holders(port);
  const bool ours = std::any_of(holders.begin(), holders.end(), [&](const PortHolder& holder) {
    return daemon != 0 && holder.pid == daemon;
  });
  if (ours) return {};
  return holders.empty() ? "another process" : describe(holders.front());
}

}  // namespace

Check check_local_ports(const std::string& links_file, int daemon) {
  Check check{.name = "local-ports", .summary = "no link is detached"};
  const auto text = kube::read_file(links_file);
  if (!text && text.error().code == ErrorCode::kNotFound) return check;
  const auto json = text ? control::parse_json(*text, kMaxFile) : fail(text.error());
  if (!json || !json->is_array()) {
    check.fine = false;
    check.summary = json ? links_file + " is no list of links" : json.error().summary();
    check.fix = "mend it, or remove it and make the links anew";
    return check;
  }
  std::size_t ports = 0;
  for (const auto& entry : *json) {
    const bool whole = entry.is_object() && entry.contains("spec") && entry.contains("id");
    const auto spec = whole ? control::link_spec_from_json(entry["spec"]) : fail(Error{});
    if (!spec || !entry["id"].is_string()) continue;  // the daemon leaves it out, and says so
    for (const auto& port : spec->ports) {
      if (port.local == 0) continue;
      ++ports;
      const std::string holder = taken_by(*spec, port.local, daemon);
      if (holder.empty()) continue;
      check.details.push_back("link " + entry["id"].get<std::string>() + " (" +
                              to_string(spec->target) + "): port " + std::to_string(port.local) +
                              " is taken by " + holder);
    }
  }
  check.fine = check.details.empty();
  check.summary = std::to_string(ports) + " of detached links" +
                  (check.fine ? ", free or ferryd's"
                              : ", " + std::to_string(check.details.size()) + " taken by others");
  if (!check.fine) {
    check.fix = "end that process, or end the link ('ferry leave') and make it with another port";
  }
  return check;
}

}  // namespace ferry::cli
