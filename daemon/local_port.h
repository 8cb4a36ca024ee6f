// One local port of a link: a listener for each of its addresses, all on the same port number.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/listener.h"

namespace ferry::daemon {

class LocalPort {
 public:
  using OnAccept = std::function<void(std::unique_ptr<net::ByteStream>)>;

  // Listens on `port` of every address (literals; empty means 127.0.0.1 and ::1, the second only
  // where this machine has it). Port 0 finds one that is free on all of them. Errors, with the
  // holder's name and the way out: kAlreadyExists (taken), kForbidden (privileged), kInvalid (not
  // an address of this machine), kIo.
  static Result<std::unique_ptr<LocalPort>> open(net::Loop& loop,
                                                 const std::vector<std::string>& addresses,
                                                 std::uint16_t port, OnAccept on_accept);

  std::uint16_t port() const { return port_; }
  // Where it listens.
  const std::vector<std::string>& addresses() const { return addresses_; }

 private:
  LocalPort() = default;
  Status listen(net::Loop& loop, const std::string& address, const OnAccept& on_accept);

  std::uint16_t port_ = 0;
  std::vector<std::string> addresses_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
};

}  // namespace ferry::daemon
