// Looks a name up with the system's resolver (getaddrinfo on libuv's thread pool). Included by
// sources of net/ only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/loop.h"
#include "net/socket_address.h"

namespace ferry::net {

// One look-up. Destroying it cancels it, even while the resolver is at work; the callback is then
// never called. It may be destroyed from within the callback.
class Lookup {
 public:
  // Once, never from within begin(). The order is the resolver's (RFC 6724); never empty. Error:
  // kUnreachable, `why` holds the resolver's words.
  using Callback = std::function<void(Result<std::vector<SocketAddress>>)>;

  static Result<std::unique_ptr<Lookup>> begin(Loop& loop, const std::string& host,
                                               std::uint16_t port, Callback callback);
  ~Lookup();
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

 private:
  struct Request;
  explicit Lookup(Request* request) : request_(request) {}
  Request* request_;  // owns itself until its callback: a running getaddrinfo can't be stopped
};

}  // namespace ferry::net
