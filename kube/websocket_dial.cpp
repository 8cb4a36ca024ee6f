#include "kube/websocket_dial.h"

#include <optional>
#include <utility>

#include "base/version.h"
#include "kube/credential_fetch.h"
#include "kube/problems.h"
#include "kube/status_error.h"
#include "net/proxy_handshake.h"
#include "net/timer.h"
#include "net/tls.h"
#include "net/websocket.h"

namespace ferry::kube {
namespace {

using Stream = std::unique_ptr<net::ByteStream>;

// A message is one frame; what a server sends is as long.
constexpr std::size_t kMaxMessage = std::size_t{32} * 1024 - 1;

net::UpgradeRequest make_request(const ClusterConfig& config, const Credential& credential,
                                 const WebSocketAsk& ask) {
  net::UpgradeRequest request;
  request.host = net::to_string(config.server.address);
  request.path = config.server.path_prefix + ask.path + "?" + ask.query;
  request.headers = credential.headers;
  request.headers.emplace_back("User-Agent", "ferry/" + std::string(version()));
  if (!credential.authorization.empty()) {
    request.headers.emplace_back("Authorization", credential.authorization);
  }
  request.subprotocols = ask.subprotocols;
  request.max_message = kMaxMessage;
  return request;
}

}  // namespace

// A chain of stages, each of them an attempt of net/ that is replaced by the next one in its
// callback. The outcome is handed over by a timer, so that no code of a stage is on the stack when
// the owner lets go of them.
struct WebSocketDial::Impl {
  Impl(net::Loop& the_loop, std::shared_ptr<Credentials> the_credentials, WebSocketAsk the_ask,
       Callback the_callback)
      : loop(the_loop),
        credentials(std::move(the_credentials)),
        ask(std::move(the_ask)),
        callback(std::move(the_callback)),
        deadline(loop, [this] { give_up(); }),
        hand_over(loop, [this] { deliver(); }),
        // Above the time that is left in any case: the deadline is the one that counts.
        stage_timeout(ask.timeout + std::chrono::seconds(1)) {
    deadline.start(ask.timeout);
    get_credential();
  }

  const ClusterConfig& config() const { return credentials->config(); }

  void get_credential() {
    doing = "waiting for credentials";
    if (auto cached = credentials->cached()) return connect(std::move(*cached));
    stage = std::make_unique<CredentialFetch>(loop, credentials, [this](Result<Credential> got) {
      if (!got) return settle_failure(got.error());
      connect(std::move(*got));
    });
  }

  void connect(Credential with) {
    credential = std::move(with);
    const auto& address = config().proxy ? config().proxy->address : config().server.address;
    doing = "connecting to " + net::to_string(address);
    reached = false;
    net::DialOptions dial = ask.dial;
    dial.timeout = stage_timeout;
    const bool proxy_tls = config().proxy && config().proxy->kind == ProxyUrl::Kind::kHttps;
    stage = std::make_unique<net::Dial>(loop, address, dial, [this, proxy_tls](Result<Stream> got) {
      if (!got) return settle_failure(got.error());
      reached = true;
      if (proxy_tls) return secure_proxy(std::move(*got));
      if (config().proxy) return ask_proxy(std::move(*got));
      secure(std::move(*got));
    });
  }

  void secure_proxy(Stream lower) {
    handshake(std::move(lower), config().proxy->address.host, &Impl::ask_proxy);
  }

  void ask_proxy(Stream lower) {
    const ProxyUrl& proxy = *config().proxy;
    doing = "asking the proxy " + to_string(proxy);
    net::ProxyHandshakeOptions handshake;
    handshake.protocol = proxy.kind == ProxyUrl::Kind::kSocks5 ? net::ProxyProtocol::kSocks5
                                                               : net::ProxyProtocol::kHttpConnect;
    handshake.target = config().server.address;
    if (!proxy.username.empty()) {
      handshake.credentials = net::ProxyCredentials{proxy.username, proxy.password};
    }
    handshake.proxy = to_string(proxy);
    handshake.timeout = stage_timeout;
    stage = std::make_unique<net::ProxyHandshake>(loop, std::move(lower), handshake,
                                                  [this](Result<Stream> got) {
                                                    if (!got) return settle_failure(got.error());
                                                    secure(std::move(*got));
                                                  });
  }

  void secure(Stream lower) {
    if (!config().server.tls) return upgrade(std::move(lower));
    const std::string& name = config().tls_server_name;
    handshake(std::move(lower), name.empty() ? config().server.address.host : name, &Impl::upgrade);
  }

  void handshake(Stream lower, const std::string& name, void (Impl::*next)(Stream)) {
    doing = "agreeing on TLS with " + name;
    const net::TlsHandshakeOptions handshake{.server_name = name, .timeout = stage_timeout};
    stage = std::make_unique<net::TlsHandshake>(
        loop, *credential.tls, std::move(lower), handshake,
        [this, next](Result<std::unique_ptr<net::TlsStream>> got) {
          if (!got) return settle_failure(got.error());
          (this->*next)(std::move(*got));
        });
  }

  void upgrade(Stream lower) {
    doing = "waiting for the API server's answer";
    auto request = make_request(config(), credential, ask);
    request.timeout = stage_timeout;
    stage = std::make_unique<net::WebSocketUpgrade>(
        loop, std::move(lower), request,
        [this](tl::expected<std::unique_ptr<net::WebSocket>, net::UpgradeFailure> got) {
          if (!got) return refused(got.error());
          settle(std::move(*got));
        });
  }

  void refused(const net::UpgradeFailure& failure) {
    if (failure.status == 0) return settle_failure(failure.error);
    if (failure.status == 401 && !refreshed && credentials->reject(credential)) {
      refreshed = true;
      return get_credential();
    }
    if (failure.status < 300) return settle_failure(failure.error);  // an upgrade that is none
    Error error = error_of_answer(config(), {"GET", ask.path, false}, failure.status, failure.body);
    error.what = ask.what;
    settle(fail(std::move(error)));
  }

  void give_up() {
    settle(fail(reached ? problem::kApiTimedOut : problem::kApiUnreachable, ask.what,
                doing + ": nothing came in time",
                "check that " + to_string(config().server) + " can be reached, and try again"));
  }

  // An error of a stage, told as one of the whole.
  void settle_failure(const Error& cause) {
    settle(fail(Error{cause, ask.what, cause.summary(), cause.fix}));
  }

  void settle(Result<std::unique_ptr<net::WebSocket>> result) {
    if (outcome) return;
    outcome.emplace(std::move(result));
    deadline.stop();
    hand_over.start(Duration::zero());
  }

  void deliver() {
    const Callback to = std::exchange(callback, nullptr);
    auto result = std::move(*outcome);
    stage.reset();
    if (to) to(std::move(result));
  }

  net::Loop& loop;
  std::shared_ptr<Credentials> credentials;
  const WebSocketAsk ask;
  Callback callback;
  std::string doing;    // for the text of a time-out
  bool reached = true;  // false: it is being dialled
  Credential credential;
  bool refreshed = false;
  std::unique_ptr<net::Disposable> stage;
  std::optional<Result<std::unique_ptr<net::WebSocket>>> outcome;
  net::Timer deadline;
  net::Timer hand_over;
  const Duration stage_timeout;
};

WebSocketDial::WebSocketDial(net::Loop& loop, std::shared_ptr<Credentials> credentials,
                             WebSocketAsk ask, Callback callback)
    : impl_(std::make_unique<Impl>(loop, std::move(credentials), std::move(ask),
                                   std::move(callback))) {}

WebSocketDial::~WebSocketDial() = default;

void WebSocketDial::retire() {
  impl_->callback = nullptr;
  impl_->deadline.stop();
  impl_->hand_over.stop();
  if (impl_->stage) impl_->stage->retire();
}

}  // namespace ferry::kube
