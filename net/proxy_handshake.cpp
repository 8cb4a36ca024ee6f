#include "net/proxy_handshake.h"

#include <utility>

#include "net/http_head.h"
#include "net/opening.h"
#include "net/proxy_dialogue.h"

namespace ferry::net {

struct ProxyHandshake::Impl {
  Opening opening;
};

ProxyHandshake::ProxyHandshake(Loop& loop, std::unique_ptr<ByteStream> lower,
                               const ProxyHandshakeOptions& options, Callback callback) {
  const std::string what =
      "connecting to " + to_string(options.target) + " through the proxy " + options.proxy;
  auto dialogue = options.protocol == ProxyProtocol::kSocks5 ? socks5_dialogue(options, what)
                                                             : http_connect_dialogue(options, what);
  std::optional<Error> refusal;
  if (!dialogue) refusal = std::exchange(dialogue, ProxyDialogue{}).error();
  impl_ = std::unique_ptr<Impl>(new Impl{Opening(
      loop, std::move(lower), {what, std::move(dialogue->hello), options.timeout, kMaxHttpHead},
      std::move(dialogue->advance), std::move(callback), std::move(refusal))});
}

ProxyHandshake::~ProxyHandshake() = default;
void ProxyHandshake::retire() { impl_->opening.retire(); }

}  // namespace ferry::net
