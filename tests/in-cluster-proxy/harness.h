// A proxy on real sockets with real certificates, and daemons that come to it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "in-cluster-proxy/proxy.h"
#include "net/certificate.h"
#include "net/tls.h"
#include "tests/fakes/tcp_relay.h"
#include "tests/tunnel/io/harness.h"
#include "tunnel/io/resume_proof.h"

namespace ferry::proxy::testing {

using net::testing::TestLoop;
using tunnel::testing::noise;
using tunnel::testing::Side;
using tunnel::testing::Socket;

// An authority with a certificate for each end, as an installation makes them.
struct Certificates {
  Certificates() {
    net::CertificateSpec spec;
    spec.common_name = "test authority";
    spec.not_before = std::chrono::system_clock::now() - std::chrono::hours(1);
    spec.not_after = std::chrono::system_clock::now() + std::chrono::hours(1);
    const auto authority = net::make_authority(spec);
    ca_pem = authority->certificate_pem;
    spec.common_name = "test end";  // an issuer's name would make it look self-signed
    server = *net::make_certificate(spec, *authority);
    spec.use = net::CertificateUse::kClient;
    client = *net::make_certificate(spec, *authority);
  }
  std::string ca_pem;
  net::Identity server;
  net::Identity client;

  net::TlsContext client_context() const {
    net::TlsMutualOptions options;
    options.identity = client;
    options.trusted_pem = ca_pem;
    return *net::TlsContext::mutual_client(options);
  }
};

inline const Certificates& certificates() {
  static const Certificates made;  // keys take a while under sanitizers
  return made;
}

// A daemon's end: connects over TLS, greets, and takes its session up again when told to.
class Daemon {
 public:
  Daemon(TestLoop& loop, net::HostPort proxy, std::optional<tunnel::Holder> holder = std::nullopt)
      : side(loop), loop_(loop), network_(*loop, std::move(proxy)) {
    tunnel::Options options;
    options.holder = holder;
    side.io = std::make_unique<tunnel::SessionIo>(
        *loop, std::make_unique<tunnel::Session>(tunnel::Role::kDaemon, options), side,
        side.farewells);
  }

  Side side;
  std::optional<Error> failure;  // of connecting

  // Asks for a session.
  void greet() {
    connect([this](std::unique_ptr<net::TlsStream> stream) {
      side.io->attach(std::make_unique<tunnel::Carrier>(std::move(stream)));
    });
  }

  void begin() {
    greet();
    ASSERT_TRUE(loop_.run_until([this] { return side.established == 1; }));
  }

  // With another session's secret if `honest` is false.
  void resume(bool honest = true) {
    connect([this, honest](std::unique_ptr<net::TlsStream> stream) {
      tunnel::Secret secret = side.io->session().keys().secret;
      if (!honest) secret[0] ^= 1U;
      const auto exporter = stream->export_keying_material(tunnel::kResumeExporterLabel);
      side.io->resume(std::make_unique<tunnel::Carrier>(std::move(stream)),
                      tunnel::resume_proof(secret, exporter));
    });
  }

  // Cuts its connection, and waits until it knows.
  void lose_carrier() {
    const std::size_t before = side.lost.size();
    network_.cut();
    ASSERT_TRUE(loop_.run_until([&] { return side.lost.size() > before; }));
  }

  // A stream to the target, with the application's end of its local socket.
  struct Stream {
    tunnel::StreamId id = 0;
    std::unique_ptr<Socket> app;
  };
  Stream open(const net::HostPort& target) {
    auto pair = net::testing::connect_tcp(loop_);
    Stream stream;
    stream.app = std::make_unique<Socket>(loop_);
    stream.app->stream = std::move(pair.client);
    stream.app->stream->start(stream.app->seen);
    const auto id = side.io->open({target.host, target.port}, std::move(pair.server));
    EXPECT_TRUE(id.has_value());
    if (id) stream.id = *id;
    return stream;
  }

  // What became of a stream that is not let through.
  tunnel::StreamEnd refused(const net::HostPort& target) {
    const Stream stream = open(target);
    loop_.run_until([&] { return side.ended.contains(stream.id); });
    EXPECT_FALSE(side.ended[stream.id].opened);
    return side.ended[stream.id];
  }

  void connect(std::function<void(std::unique_ptr<net::TlsStream>)> use) {
    dial_ = std::make_unique<net::Dial>(
        *loop_, network_.address(), net::DialOptions{}, [this, use = std::move(use)](auto stream) {
          ASSERT_TRUE(stream.has_value());
          handshake_ = std::make_unique<net::TlsHandshake>(
              *loop_, certificates().client_context(), std::move(*stream),
              net::TlsHandshakeOptions{}, [this, use](auto result) {
                if (result) {
                  use(std::move(*result));
                } else {
                  failure = result.error();
                }
                loop_.poke();
              });
        });
  }

 private:
  TestLoop& loop_;
  ferry::testing::TcpRelay network_;  // its own
  std::unique_ptr<net::Dial> dial_;
  std::unique_ptr<net::TlsHandshake> handshake_;
};

// Somebody with a daemon's certificate who doesn't greet as one: says `words` inside of TLS, or
// nothing.
class Impostor {
 public:
  explicit Impostor(TestLoop& loop, net::HostPort proxy, std::string words = {})
      : seen(loop), loop_(loop), daemon_(loop, std::move(proxy)) {
    daemon_.connect([this, words = std::move(words)](auto stream) {
      stream_ = std::move(stream);
      stream_->start(seen);
      if (!words.empty()) stream_->write(as_bytes(words));
    });
  }
  bool is_dropped() {
    return loop_.run_until([this] { return seen.closed.has_value() || seen.ended; });
  }

  net::testing::Recorder seen;

 private:
  TestLoop& loop_;
  Daemon daemon_;
  std::unique_ptr<net::TlsStream> stream_;
};

// A Service's pod: keeps what connects, and records it.
class Service {
 public:
  explicit Service(TestLoop& loop, std::uint16_t port = 0) {
    auto listener = net::Listener::create(
        *loop, {"127.0.0.1", port}, [this, &loop](std::unique_ptr<net::ByteStream> stream, auto) {
          auto socket = std::make_unique<Socket>(loop);
          socket->stream = std::move(stream);
          socket->stream->start(socket->seen);
          sockets.push_back(std::move(socket));
          loop.poke();
        });
    EXPECT_TRUE(listener.has_value());
    listener_ = std::move(*listener);
  }
  net::HostPort address() const { return listener_->address(); }
  // Nobody listens there any more; connections stay.
  void close() { listener_.reset(); }
  std::vector<std::unique_ptr<Socket>> sockets;

 private:
  std::unique_ptr<net::Listener> listener_;
};

// A port on which nobody listens.
inline net::HostPort free_address(TestLoop& loop) {
  return (*net::Listener::create(*loop, {"127.0.0.1", 0}, [](auto, auto) {}))->address();
}

class World {
 public:
  // Loopback targets are permitted: the Services of these tests are there.
  static Config config() {
    Config config;
    config.listen = {"127.0.0.1", 0};
    config.health_listen = {{"127.0.0.1", 0}};
    config.tls = {certificates().ca_pem, certificates().server.certificate_pem,
                  certificates().server.key_pem};
    config.rules.allow = {*parse_address_rule("127.0.0.0/8")};
    return config;
  }

  explicit World(const Config& config = World::config(), OrphanRestore* restore = nullptr) {
    const auto on_over = [this] {
      over = true;
      loop.poke();
    };
    auto made = Proxy::create(*loop, config, on_over, restore);
    EXPECT_TRUE(made.has_value()) << made.error().summary();
    proxy = std::move(*made);
    relay.emplace(*loop, proxy->tunnel_address());
  }

  // One that comes through the relay.
  std::unique_ptr<Daemon> daemon(std::optional<tunnel::Holder> holder = std::nullopt) {
    auto daemon = std::make_unique<Daemon>(loop, relay->address(), holder);
    daemon->begin();
    return daemon;
  }

  // As daemon(), with a stream to the service, whose newest socket is its other end.
  struct Served {
    std::unique_ptr<Daemon> daemon;
    Daemon::Stream stream;
  };
  Served served_by(const Service& service, std::optional<tunnel::Holder> holder = std::nullopt) {
    const std::size_t before = service.sockets.size();
    Served served{daemon(holder), {}};
    served.stream = served.daemon->open(service.address());
    EXPECT_TRUE(loop.run_until([&] { return service.sockets.size() == before + 1; }));
    return served;
  }

  // Conditions that no recorder sees are looked at all the time.
  void run_until(const std::function<bool()>& condition) {
    std::function<void()> look = [&] {
      loop.poke();
      loop->post(look);
    };
    loop->post(look);
    ASSERT_TRUE(loop.run_until(condition));
    look = [] {};
    loop.run_for(Duration::zero());
  }

  TestLoop loop;
  bool over = false;
  std::unique_ptr<Proxy> proxy;
  std::optional<ferry::testing::TcpRelay> relay;
};

}  // namespace ferry::proxy::testing
