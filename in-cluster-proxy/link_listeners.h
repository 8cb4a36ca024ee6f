// The ports on which a stand-in listens for its daemon.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/listener.h"
#include "net/loop.h"

namespace ferry::proxy {

// The session that asked for a port. Not owned; must close its ports before it is gone.
class LinkUser {
 public:
  // Somebody came in on `port`; the socket isn't started.
  virtual void on_caller(std::uint16_t port, const net::HostPort& caller,
                         std::unique_ptr<net::ByteStream> socket) = 0;

 protected:
  ~LinkUser() = default;
};

class LinkListeners {
 public:
  // Listens on all of these addresses; those of a family that the machine doesn't have are left
  // out.
  LinkListeners(net::Loop& loop, std::vector<std::string> addresses);
  ~LinkListeners();

  // A port that another user has is taken over: the one who asked last is the one that lives.
  // Errors: those of net::Listener::create().
  Status open(std::uint16_t port, LinkUser& user);
  void close(std::uint16_t port, const LinkUser& user);
  void close_all(const LinkUser& user);
  void close_all();

  std::size_t size() const { return links_.size(); }

 private:
  struct Link {
    LinkUser* user = nullptr;
    std::vector<std::unique_ptr<net::Listener>> listeners;
  };

  Status listen(std::uint16_t port, Link& link);
  void let_go(Link& link);

  net::Loop& loop_;
  const std::vector<std::string> addresses_;
  std::map<std::uint16_t, Link> links_;
};

}  // namespace ferry::proxy
