// What is said to a proxy, and what its answers mean. Included by sources of net/ only.
#pragma once

#include <string>

#include "net/opening.h"
#include "net/proxy_handshake.h"

namespace ferry::net {

struct ProxyDialogue {
  std::string hello;
  Opening::Advance advance;
};

// `what`: for error texts. Error: kInvalid (the protocol can't carry the target or the
// credentials).
Result<ProxyDialogue> http_connect_dialogue(const ProxyHandshakeOptions& options,
                                            const std::string& what);
Result<ProxyDialogue> socks5_dialogue(const ProxyHandshakeOptions& options,
                                      const std::string& what);

}  // namespace ferry::net
