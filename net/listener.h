// A listening TCP socket.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "net/address.h"
#include "net/byte_stream.h"
#include "net/loop.h"

namespace ferry::net {

struct ListenOptions {
  int backlog = 1024;  // connections that the kernel holds; bounded by somaxconn
  // Resets what comes while the process is almost out of descriptors (descriptors.h): for ports
  // that serve others, so that the process's own connections still get one.
  bool spares_descriptors = false;
};

class Listener : public Disposable {
 public:
  // An accepted connection, not started; Nagle is off.
  using OnAccept = std::function<void(std::unique_ptr<ByteStream> stream, HostPort peer)>;

  // Listens on an address literal (no name is looked up). Port 0 picks a free one. IPv6 sockets
  // serve IPv6 only. Errors: kAlreadyExists (port taken), kForbidden (privileged port), kInvalid
  // (not an address of this machine), kIo.
  static Result<std::unique_ptr<Listener>> create(Loop& loop, const HostPort& address,
                                                  OnAccept on_accept,
                                                  const ListenOptions& options = {});
  ~Listener() override;
  void retire() override;

  HostPort address() const;  // with the real port

  // While paused, connections wait in the kernel's backlog. on_accept is not called from within.
  void pause();
  void resume();

 private:
  struct Impl;
  explicit Listener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ferry::net
