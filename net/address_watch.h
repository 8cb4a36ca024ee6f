// Notices that the addresses or routes of this machine changed: another Wi-Fi, a VPN that came or
// went, a cable that was pulled.
#pragma once

#include <functional>
#include <memory>

#include "net/loop.h"

namespace ferry::net {

// Watches until it is destroyed; doesn't keep Loop::run() going by itself. Linux alone
// (rtnetlink(7): IPv4 and IPv6 addresses and routes; needs no privileges). Where the kernel doesn't
// allow it, a line is logged and nothing is ever reported.
class AddressWatch {
 public:
  // `on_change` is called once for all that changes within `settle`, so long after the first of it:
  // a new address is soon followed by its routes.
  AddressWatch(Loop& loop, std::function<void()> on_change,
               Duration settle = std::chrono::milliseconds(200));
  ~AddressWatch();
  AddressWatch(const AddressWatch&) = delete;
  AddressWatch& operator=(const AddressWatch&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ferry::net
