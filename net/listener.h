// A listening TCP socket.
#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "net/address.h"
#include "net/byte_stream.h"
#include "net/loop.h"

namespace ferry::net {

class Listener : public Disposable {
 public:
  // An accepted connection, not started; Nagle is off.
  using OnAccept = std::function<void(std::unique_ptr<ByteStream> stream, HostPort peer)>;

  // Listens on an address literal (no name is looked up). Port 0 picks a free one. IPv6 sockets
  // serve IPv6 only. Errors: kAlreadyExists (port taken), kForbidden (privileged port), kInvalid
  // (not an address of this machine), kIo.
  static Result<std::unique_ptr<Listener>> create(Loop& loop, const HostPort& address,
                                                  OnAccept on_accept);
  ~Listener() override;

  HostPort address() const;  // with the real port

  // While paused, connections wait in the kernel's backlog.
  void pause();
  void resume();

 private:
  struct Impl;
  explicit Listener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ferry::net
