#include "in-cluster-proxy/tunnel_gate.h"

#include <gmock/gmock.h>

#include <array>

#include "tests/in-cluster-proxy/harness.h"

namespace ferry::proxy {
namespace {

using namespace ferry::proxy::testing;
using ::testing::HasSubstr;

// Somebody on the tunnel port who is no daemon.
class Stranger {
 public:
  explicit Stranger(World& world) : seen(world.loop) {
    net::Dial dial(*world.loop, world.proxy->tunnel_address(), {}, [&](auto result) {
      ASSERT_TRUE(result.has_value());
      stream = std::move(*result);
      stream->start(seen);
      world.loop.poke();
    });
    world.loop.run_until([&] { return stream != nullptr; });
  }
  bool gone() const { return seen.closed.has_value() || seen.ended; }

  net::testing::Recorder seen;
  std::unique_ptr<net::ByteStream> stream;
};

// A first flight of TLS 1.3, as far as one goes without knowing the other side.
std::string client_hello_start() {
  std::string record("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
  return record + noise(100);
}

std::string whole_garbage() { return noise(4096); }

void expect_that_daemons_get_through(World& world) {
  Service service(world.loop);
  const auto daemon = world.daemon();
  const auto stream = daemon->open(service.address());
  stream.app->write("hello");
  ASSERT_TRUE(world.loop.run_until(
      [&] { return service.sockets.size() == 1 && service.sockets[0]->seen.received == "hello"; }));
}

TEST(TunnelGateTest, AnswersAConnectTest) {
  World world;
  Stranger stranger(world);
  world.run_until([&] { return world.proxy->gate().waiting() == 1; });
  stranger.stream->shutdown();
  world.run_until([&] { return world.proxy->gate().waiting() == 0; });
  expect_that_daemons_get_through(world);
}

TEST(TunnelGateTest, DropsGarbageAtOnce) {
  World world;
  for (const std::string& text : {whole_garbage(), std::string("GET / HTTP/1.1\r\n\r\n")}) {
    Stranger stranger(world);
    stranger.stream->write(as_bytes(text));
    ASSERT_TRUE(world.loop.run_until([&] { return stranger.gone(); }));
  }
  expect_that_daemons_get_through(world);
}

TEST(TunnelGateTest, DropsWhoeverStopsInTheMiddleOfARecord) {
  Config config = World::config();
  config.limits.greeting_timeout = std::chrono::milliseconds(200);
  World world(config);
  Stranger half(world);
  half.stream->write(as_bytes(client_hello_start()));
  Stranger silent(world);
  ASSERT_TRUE(world.loop.run_until([&] { return half.gone() && silent.gone(); }));
  EXPECT_EQ(world.proxy->gate().waiting(), 0U);
}

TEST(TunnelGateTest, DropsADaemonThatShakesHandsAndSaysNothing) {
  Config config = World::config();
  config.limits.greeting_timeout = std::chrono::milliseconds(300);
  World world(config);
  Impostor silent(world.loop, world.proxy->tunnel_address());
  ASSERT_TRUE(silent.is_dropped());
  EXPECT_EQ(world.proxy->sessions().attached(), 0U);
}

TEST(TunnelGateTest, DropsWhoeverSpeaksAnotherProtocolInsideTls) {
  World world;
  Impostor other(world.loop, world.proxy->tunnel_address(), whole_garbage());
  ASSERT_TRUE(other.is_dropped());
  EXPECT_EQ(world.proxy->sessions().attached(), 0U);
  expect_that_daemons_get_through(world);
}

TEST(TunnelGateTest, LetsNobodyInWithACertificateOfSomebodyElse) {
  World world;
  const Certificates others;
  for (const bool trusting : {false, true}) {
    net::TlsMutualOptions options;
    options.identity = others.client;
    options.trusted_pem = trusting ? certificates().ca_pem : others.ca_pem;
    const auto context = net::TlsContext::mutual_client(options);
    ASSERT_TRUE(context.has_value());
    std::optional<Error> refused;
    std::unique_ptr<net::TlsStream> stream;
    net::testing::Recorder seen(world.loop);
    std::unique_ptr<net::TlsHandshake> handshake;
    net::Dial dial(*world.loop, world.proxy->tunnel_address(), {}, [&](auto lower) {
      handshake = std::make_unique<net::TlsHandshake>(*world.loop, *context, std::move(*lower),
                                                      net::TlsHandshakeOptions{}, [&](auto result) {
                                                        if (!result) {
                                                          refused = result.error();
                                                          return world.loop.poke();
                                                        }
                                                        stream = std::move(*result);
                                                        stream->start(seen);
                                                      });
    });
    ASSERT_TRUE(world.loop.run_until([&] { return refused || seen.closed; }));
    const Error& error = refused ? *refused : seen.error();
    EXPECT_EQ(error.code, ErrorCode::kUnauthenticated) << error.summary();
  }
  EXPECT_EQ(world.proxy->sessions().attached(), 0U);
}

TEST(TunnelGateTest, ADaemonGetsThroughAFloodOfStrangers) {
  Config config = World::config();
  config.limits.waiting_tunnels = 32;
  config.limits.accepts_per_second = 400;
  World world(config);
  std::vector<std::unique_ptr<Stranger>> crowd;
  for (int i = 0; i < 300; ++i) {
    crowd.push_back(std::make_unique<Stranger>(world));
    if (i % 2 == 0) crowd.back()->stream->write(as_bytes(client_hello_start()));
  }
  EXPECT_LE(world.proxy->gate().waiting(), 32U);
  expect_that_daemons_get_through(world);
  EXPECT_LE(world.proxy->gate().waiting(), 32U);
}

TEST(TunnelGateTest, TenThousandConnectionsAreHarmless) {
  Config config = World::config();
  config.limits.accepts_per_second = 5000;
  World world(config);
  std::size_t closed = 0;
  // Thirty at a time, as fast as they are taken, without a word.
  std::vector<std::unique_ptr<net::Dial>> dials(30);
  std::size_t begun = 0;
  std::size_t connected = 0;
  std::function<void(std::size_t)> next = [&](std::size_t slot) {
    if (begun == 10000) return;
    ++begun;
    dials[slot] = std::make_unique<net::Dial>(*world.loop, world.proxy->tunnel_address(),
                                              net::DialOptions{}, [&, slot](auto result) {
                                                connected += result ? 1U : 0U;
                                                ++closed;
                                                if (result) (*result)->reset();
                                                EXPECT_LE(world.proxy->gate().waiting(), 256U);
                                                world.loop->post([&, slot] { next(slot); });
                                                world.loop.poke();
                                              });
  };
  for (std::size_t slot = 0; slot < dials.size(); ++slot) next(slot);
  ASSERT_TRUE(world.loop.run_until([&] { return closed == 10000; }, std::chrono::seconds(60)));
  EXPECT_EQ(connected, 10000U);
  expect_that_daemons_get_through(world);
}

TEST(TunnelGateTest, HasRoomForSoManySessionsOnly) {
  Config config = World::config();
  config.limits.sessions = 1;
  World world(config);
  const auto first = world.daemon();
  Daemon second(world.loop, world.proxy->tunnel_address());
  second.greet();
  ASSERT_TRUE(world.loop.run_until([&] { return second.side.failed.has_value(); }));
  EXPECT_THAT(second.side.failed->summary(), HasSubstr("as many sessions as it takes, 1"));
  EXPECT_EQ(second.side.established, 0);
  EXPECT_EQ(world.proxy->metrics().of(CarrierFate::kNoRoom), 1U);
}

TEST(TunnelGateTest, ALostSessionMakesRoomForANewOne) {
  Config config = World::config();
  config.limits.sessions = 2;
  World world(config);
  Service service(world.loop);
  const std::array<World::Served, 2> served{world.served_by(service), world.served_by(service)};
  for (std::size_t i = 0; i < 2; ++i) {
    served[i].daemon->lose_carrier();
    world.run_until([&] { return world.proxy->sessions().attached() == 1 - i; });
  }
  const auto third = world.daemon();
  // The one that has waited longer went.
  ASSERT_TRUE(world.loop.run_until([&] { return service.sockets[0]->seen.closed.has_value(); }));
  EXPECT_FALSE(service.sockets[1]->seen.closed.has_value());
  EXPECT_EQ(world.proxy->sessions().size(), 2U);
  EXPECT_EQ(world.proxy->metrics().of(SessionFate::kRoom), 1U);
}

TEST(TunnelGateTest, ASessionThatHoldsNothingMakesRoomFirst) {
  Config config = World::config();
  config.limits.sessions = 2;
  World world(config);
  Service service(world.loop);
  const auto older = world.served_by(service);
  older.daemon->lose_carrier();
  world.run_until([&] { return world.proxy->sessions().attached() == 0; });
  const auto empty = world.daemon();
  empty->lose_carrier();
  world.run_until([&] { return world.proxy->sessions().attached() == 0; });
  const auto third = world.daemon();
  EXPECT_EQ(world.proxy->sessions().size(), 2U);
  older.daemon->resume();
  ASSERT_TRUE(world.loop.run_until([&] { return older.daemon->side.resumed == 1; }));
}

TEST(TunnelGateTest, CountsWhatBecameOfEachConnection) {
  World world;
  Stranger garbage(world);
  garbage.stream->write(as_bytes(whole_garbage()));
  ASSERT_TRUE(world.loop.run_until([&] { return garbage.gone(); }));
  const auto daemon = world.daemon();
  world.relay->cut();
  ASSERT_TRUE(world.loop.run_until([&] { return daemon->side.lost.size() == 1; }));
  daemon->resume();
  ASSERT_TRUE(world.loop.run_until([&] { return daemon->side.resumed == 1; }));
  world.relay->cut();
  ASSERT_TRUE(world.loop.run_until([&] { return daemon->side.lost.size() == 2; }));
  daemon->resume(false);
  ASSERT_TRUE(world.loop.run_until([&] { return daemon->side.failed.has_value(); }));
  const Metrics& metrics = world.proxy->metrics();
  EXPECT_EQ(metrics.of(CarrierFate::kNotTls), 1U);
  EXPECT_EQ(metrics.of(CarrierFate::kBegun), 1U);
  EXPECT_EQ(metrics.of(CarrierFate::kResumed), 1U);
  EXPECT_EQ(metrics.of(CarrierFate::kResumeFailed), 1U);
  const std::string text = prometheus_text(metrics, {.kept = 1});
  EXPECT_THAT(text, HasSubstr("ferry_proxy_carriers_total{fate=\"resume-failed\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("ferry_proxy_sessions_kept 1\n"));
}

}  // namespace
}  // namespace ferry::proxy
