#include "in-cluster-proxy/link_listeners.h"

#include <optional>
#include <utility>

namespace ferry::proxy {

LinkListeners::LinkListeners(net::Loop& loop, std::vector<std::string> addresses)
    : loop_(loop), addresses_(std::move(addresses)) {}

LinkListeners::~LinkListeners() = default;

Status LinkListeners::open(std::uint16_t port, LinkUser& user) {
  const auto known = links_.find(port);
  if (known != links_.end()) {
    known->second.user = &user;
    return {};
  }
  Link link;
  if (Status listening = listen(port, link); !listening) return listening;
  link.user = &user;
  links_.emplace(port, std::move(link));
  return {};
}

Status LinkListeners::listen(std::uint16_t port, Link& link) {
  std::optional<Error> refused;
  for (const std::string& address : addresses_) {
    auto listener = net::Listener::create(
        loop_, {address, port},
        [this, port](std::unique_ptr<net::ByteStream> socket, const net::HostPort& caller) {
          links_.at(port).user->on_caller(port, caller, std::move(socket));
        },
        {.spares_descriptors = true});
    if (listener) {
      link.listeners.push_back(std::move(*listener));
      continue;
    }
    refused = listener.error();
    // One address family may be missing in this pod.
    if (refused->code != ErrorCode::kInvalid) return fail(*refused);
  }
  if (link.listeners.empty() && refused) return fail(*refused);
  return {};
}

void LinkListeners::close(std::uint16_t port, const LinkUser& user) {
  const auto found = links_.find(port);
  if (found == links_.end() || found->second.user != &user) return;
  let_go(found->second);
  links_.erase(found);
}

void LinkListeners::close_all(const LinkUser& user) {
  for (auto link = links_.begin(); link != links_.end();) {
    const auto next = std::next(link);
    close(link->first, user);
    link = next;
  }
}

void LinkListeners::close_all() {
  for (auto& [port, link] : links_) let_go(link);
  links_.clear();
}

// From within their own callback, maybe.
void LinkListeners::let_go(Link& link) {
  for (auto& listener : link.listeners) loop_.delete_later(std::move(listener));
}

}  // namespace ferry::proxy
