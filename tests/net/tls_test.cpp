#include "net/tls.h"

#include <gtest/gtest.h>

#include "tests/net/relay.h"
#include "tests/net/scripted_peer.h"
#include "tests/net/tls_harness.h"

namespace ferry::net::testing {
namespace {

using std::chrono::milliseconds;

TlsContext client_context(const TlsMutualOptions& options) {
  return *TlsContext::mutual_client(options);
}
TlsContext server_context(const TlsMutualOptions& options) {
  return *TlsContext::mutual_server(options);
}
TlsContext client_context() { return client_context(installation().client_options()); }
TlsContext server_context() { return server_context(installation().server_options()); }

// What the client's stream reports after the server has looked at it.
Error verdict_on_client(TestLoop& loop, TlsPair& pair) {
  if (!pair.client || !*pair.client) return Error{};
  Recorder recorder(loop);
  (**pair.client)->start(recorder);
  loop.run_until([&] { return recorder.closed.has_value(); });
  return recorder.closed_badly() ? recorder.error() : Error{};
}

TEST(TlsTest, OnlyTheTwoEndsExportTheSameSecret) {
  TestLoop loop;
  const auto pair = shake_hands(loop, connect_tcp(loop), client_context(), server_context());
  const auto other = shake_hands(loop, connect_tcp(loop), client_context(), server_context());
  ASSERT_TRUE(pair.both_well() && other.both_well());
  const auto secret = (**pair.client)->export_keying_material("EXPORTER-a");
  EXPECT_EQ(secret, (**pair.server)->export_keying_material("EXPORTER-a"));
  EXPECT_NE(secret, (**pair.server)->export_keying_material("EXPORTER-b"));
  EXPECT_NE(secret, (**other.client)->export_keying_material("EXPORTER-a"));
}

TEST(TlsTest, RefusesAServerOfAnotherInstallation) {
  TestLoop loop;
  const Installation foreign;
  auto options = installation().server_options();
  options.identity = foreign.server;
  const auto pair = shake_hands(loop, connect_tcp(loop), client_context(), server_context(options));
  ASSERT_TRUE(!*pair.client && !*pair.server);
  EXPECT_EQ(pair.client->error().code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(pair.client->error().why, "unable to get local issuer certificate");
  EXPECT_FALSE(pair.client->error().fix.empty());
  EXPECT_EQ(pair.server->error().code, ErrorCode::kUnauthenticated);
  EXPECT_NE(pair.server->error().why.find("unknown ca"), std::string::npos);
}

TEST(TlsTest, RefusesAClientOfAnotherInstallation) {
  TestLoop loop;
  const Installation foreign;
  auto options = installation().client_options();
  options.identity = foreign.client;
  auto pair = shake_hands(loop, connect_tcp(loop), client_context(options), server_context());
  ASSERT_FALSE(*pair.server);
  EXPECT_EQ(pair.server->error().code, ErrorCode::kUnauthenticated);
  const Error error = verdict_on_client(loop, pair);
  EXPECT_EQ(error.code, ErrorCode::kUnauthenticated);
  EXPECT_NE(error.why.find("unknown ca"), std::string::npos) << error.why;
}

// Even when the client has already sent what the server will not read.
TEST(TlsTest, ARefusedClientThatWritesHearsWhy) {
  TestLoop loop;
  const Installation foreign;
  auto options = installation().client_options();
  options.identity = foreign.client;
  auto relayed = connect_relayed(loop);
  std::optional<TlsResult> server;
  std::unique_ptr<TlsStream> client;
  Recorder recorder(loop);
  TlsHandshake server_side(*loop, server_context(), std::move(relayed.ends.server), {},
                           [&](auto r) {
                             server = std::move(r);
                             loop.poke();
                           });
  TlsHandshake client_side(*loop, client_context(options), std::move(relayed.ends.client), {},
                           [&](TlsResult r) {
                             ASSERT_TRUE(r);
                             client = std::move(*r);
                             client->start(recorder);
                             client->write(as_bytes("first words"));
                           });
  loop.run_until([&] { return server && recorder.closed; });
  ASSERT_TRUE(recorder.closed_badly());
  EXPECT_EQ(recorder.error().code, ErrorCode::kUnauthenticated) << recorder.error().summary();
}

TEST(TlsTest, RefusesAClientWithoutACertificate) {
  TestLoop loop;
  TlsClientOptions options;
  options.insecure = true;
  auto pair = shake_hands(loop, connect_tcp(loop), *TlsContext::client(options), server_context());
  ASSERT_FALSE(*pair.server);
  EXPECT_EQ(pair.server->error().code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(pair.server->error().why, "peer did not return a certificate");
  EXPECT_EQ(verdict_on_client(loop, pair).code, ErrorCode::kUnauthenticated);
}

TEST(TlsTest, RefusesCertificatesOutsideOfTheirTime) {
  TestLoop loop;
  const auto now = std::chrono::system_clock::now();
  auto expired = spec_for("proxy", CertificateUse::kServer);
  expired.not_after = now - std::chrono::minutes(1);
  auto early = spec_for("proxy", CertificateUse::kServer);
  early.not_before = now + std::chrono::minutes(1);
  for (const auto& [spec, words] : {std::pair{expired, "certificate has expired"},
                                    std::pair{early, "certificate is not yet valid"}}) {
    auto options = installation().server_options();
    options.identity = *make_certificate(spec, installation().authority);
    const auto pair =
        shake_hands(loop, connect_tcp(loop), client_context(), server_context(options));
    ASSERT_FALSE(*pair.client);
    EXPECT_EQ(pair.client->error().code, ErrorCode::kUnauthenticated);
    EXPECT_EQ(pair.client->error().why, words);
  }
}

TEST(TlsTest, RefusesAClientWhoseCertificateHasExpired) {
  TestLoop loop;
  auto expired = spec_for("daemon", CertificateUse::kClient);
  expired.not_after = std::chrono::system_clock::now() - std::chrono::minutes(1);
  auto options = installation().client_options();
  options.identity = *make_certificate(expired, installation().authority);
  const auto pair = shake_hands(loop, connect_tcp(loop), client_context(options), server_context());
  ASSERT_FALSE(*pair.server);
  EXPECT_EQ(pair.server->error().code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(pair.server->error().why, "certificate has expired");
}

TEST(TlsTest, RefusesACertificateThatIsForTheOtherSide) {
  TestLoop loop;
  auto options = installation().server_options();
  options.identity = installation().client;
  const auto pair = shake_hands(loop, connect_tcp(loop), client_context(), server_context(options));
  ASSERT_FALSE(*pair.client);
  EXPECT_EQ(pair.client->error().code, ErrorCode::kUnauthenticated);
}

TEST(TlsTest, TheCertificateItselfMayBeWhatIsTrusted) {
  TestLoop loop;
  auto options = installation().client_options();
  options.trusted_pem = installation().server.certificate_pem;
  EXPECT_TRUE(
      shake_hands(loop, connect_tcp(loop), client_context(options), server_context()).both_well());
  auto sibling = installation().server_options();
  sibling.identity = installation().issue("proxy", CertificateUse::kServer);
  EXPECT_FALSE(
      *shake_hands(loop, connect_tcp(loop), client_context(options), server_context(sibling))
           .client);
}

TEST(TlsTest, AnOrdinaryClientChecksTheServersName) {
  TestLoop loop;
  auto spec = spec_for("api", CertificateUse::kServer);
  spec.names = {"kubernetes", "*.example.com", "10.96.0.1", "fd00::1"};
  auto server = installation().server_options();
  server.identity = *make_certificate(spec, installation().authority);
  TlsClientOptions options;
  options.trusted_pem = installation().authority.certificate_pem;
  options.identity = installation().client;
  const auto context = TlsContext::client(options);
  ASSERT_TRUE(context);
  for (const char* name : {"kubernetes", "api.example.com", "10.96.0.1", "fd00::1"}) {
    TlsHandshakeOptions handshake;
    handshake.server_name = name;
    EXPECT_TRUE(shake_hands(loop, connect_tcp(loop), *context, server_context(server), handshake)
                    .both_well())
        << name;
  }
  for (const char* name : {"other", "example.com", "10.96.0.2", "fd00::2"}) {
    TlsHandshakeOptions handshake;
    handshake.server_name = name;
    const auto pair =
        shake_hands(loop, connect_tcp(loop), *context, server_context(server), handshake);
    ASSERT_FALSE(*pair.client) << name;
    const Error& error = pair.client->error();
    EXPECT_EQ(error.code, ErrorCode::kUnauthenticated);
    EXPECT_EQ(error.what, "TLS with " + std::string(name));
    EXPECT_NE(
        error.why.find("the certificate is for kubernetes, *.example.com, 10.96.0.1, fd00::1"),
        std::string::npos)
        << error.why;
  }
}

// RFC 7301, section 3.1: each name behind its length, in a ClientHello that anybody can read.
TEST(TlsTest, AClientOffersTheProtocolsThatItIsTold) {
  TestLoop loop;
  TlsClientOptions options;
  options.alpn = {"http/1.1", "x"};
  TlsHandshakeOptions handshake;
  handshake.server_name = "api.example";
  auto pair = connect_tcp(loop);
  ScriptedPeer peer(loop, std::move(pair.server));
  TlsHandshake client(*loop, *TlsContext::client(options), std::move(pair.client), handshake,
                      [](auto) {});
  EXPECT_TRUE(peer.saw("\x08http/1.1\x01x"));
}

TEST(TlsTest, AnInsecureClientTakesAnyCertificateAndTheSystemsAuthoritiesDoNot) {
  TestLoop loop;
  TlsHandshakeOptions handshake;
  handshake.server_name = "whatever.example";
  TlsClientOptions options;
  options.identity = installation().client;
  const auto strict = shake_hands(loop, connect_tcp(loop), *TlsContext::client(options),
                                  server_context(), handshake);
  EXPECT_FALSE(*strict.client);
  options.insecure = true;
  EXPECT_TRUE(shake_hands(loop, connect_tcp(loop), *TlsContext::client(options), server_context(),
                          handshake)
                  .both_well());
}

TEST(TlsTest, AClientWithoutAServerNameIsRefusedAtOnce) {
  TestLoop loop;
  TlsClientOptions options;
  options.trusted_pem = installation().authority.certificate_pem;
  std::optional<TlsResult> result;
  TlsHandshake handshake(*loop, *TlsContext::client(options), connect_tcp(loop).client, {},
                         [&](auto r) {
                           result = std::move(r);
                           loop.poke();
                         });
  EXPECT_FALSE(result);
  loop.run_until([&] { return result.has_value(); });
  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().code, ErrorCode::kInvalid);
}

TEST(TlsTest, SaysWhatIsWrongWithItsOwnCertificates) {
  const auto good = installation().client_options();
  auto other_key = good;
  other_key.identity.key_pem = installation().server.key_pem;
  auto no_certificate = good;
  no_certificate.identity.certificate_pem = "junk";
  auto no_key = good;
  no_key.identity.key_pem = "junk";
  auto junk_trust = good;
  junk_trust.trusted_pem = "junk";
  auto no_trust = good;
  no_trust.trusted_pem.clear();
  for (const auto& options : {other_key, no_certificate, no_key, junk_trust, no_trust}) {
    const auto context = TlsContext::mutual_client(options);
    ASSERT_FALSE(context);
    EXPECT_EQ(context.error().code, ErrorCode::kInvalid);
    EXPECT_FALSE(context.error().why.empty());
  }
}

// --- bad peers -----------------------------------------------------------------------------------

TlsResult handshake_with(TestLoop& loop, const TlsContext& context,
                         std::unique_ptr<ByteStream> lower, Duration timeout) {
  std::optional<TlsResult> result;
  TlsHandshakeOptions options;
  options.peer = "somebody";
  options.timeout = timeout;
  TlsHandshake handshake(*loop, context, std::move(lower), options, [&](auto r) {
    result = std::move(r);
    loop.poke();
  });
  loop.run_until([&] { return result.has_value(); });
  return std::move(*result);
}

TEST(TlsTest, GarbageInsteadOfTlsIsAnError) {
  TestLoop loop;
  const std::vector<std::string> garbage = {"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                                            "SSH-2.0-OpenSSH_9.2\r\n",
                                            std::string(100'000, '\0'),
                                            std::string(100'000, '\xff'),
                                            "\x16\x03\x01\xff\xff" + std::string(70'000, 'x'),
                                            std::string("\x15\x03\x03\x00\x02\x02\x28", 7)};
  for (const auto& text : garbage) {
    for (const auto& context : {client_context(), server_context()}) {
      auto pair = connect_tcp(loop);
      ScriptedPeer peer(loop, std::move(pair.server));
      peer.send(text);
      const auto result =
          handshake_with(loop, context, std::move(pair.client), std::chrono::seconds(5));
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().code, ErrorCode::kProtocol) << result.error().summary();
      EXPECT_EQ(result.error().what, "TLS with somebody");
      EXPECT_TRUE(peer.saw_end());
    }
  }
}

// RFC 8446, section 4: a ClientHello that announces 128 KiB, and brings them.
TEST(TlsTest, AServerTakesNoEndlessHandshakeFromAStranger) {
  TestLoop loop;
  auto pair = connect_tcp(loop);
  ScriptedPeer peer(loop, std::move(pair.server));
  peer.send(std::string("\x16\x03\x01\x00\x26\x01\x01\xff\x00\x03\x03", 11) + std::string(32, 'x'));
  const std::string record = std::string("\x16\x03\x03\x10\x00", 5) + std::string(4096, 'x');
  for (std::size_t sent = 0; sent <= kMaxClientHandshake; sent += 4096) peer.send(record);
  const auto result =
      handshake_with(loop, server_context(), std::move(pair.client), std::chrono::seconds(20));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kProtocol);
  EXPECT_EQ(result.error().why, "the handshake is longer than any client's");
  EXPECT_TRUE(peer.saw_end());
}

TEST(TlsTest, ASilentPeerIsLeftInTime) {
  TestLoop loop;
  for (const auto& context : {client_context(), server_context()}) {
    auto pair = connect_tcp(loop);
    ScriptedPeer peer(loop, std::move(pair.server));
    peer.send("\x16\x03");  // half of a record's head
    const auto result = handshake_with(loop, context, std::move(pair.client), milliseconds(30));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kTimedOut);
    EXPECT_TRUE(peer.saw_end());
  }
}

// The wire is cut after every number of bytes that a handshake and the first words take.
class TlsCutTest : public ::testing::TestWithParam<Relay::Cut> {};

TEST_P(TlsCutTest, EndsEverySideInAnErrorWhereverItIs) {
  TestLoop loop;
  const auto client = client_context();
  const auto server = server_context();
  std::size_t whole = 0;
  {
    auto relayed = connect_relayed(loop);
    const auto pair = shake_hands(loop, std::move(relayed.ends), client, server);
    ASSERT_TRUE(pair.both_well());
    constexpr std::size_t kSignaturesVary = 12;  // bytes: ECDSA's have no fixed length
    whole = relayed.relay->passed - kSignaturesVary;
  }
  for (std::size_t bytes = 0; bytes < whole; bytes += bytes < 200 || bytes + 200 > whole ? 1 : 13) {
    auto relayed = connect_relayed(loop, bytes, GetParam());
    auto pair = shake_hands(loop, std::move(relayed.ends), client, server);
    ASSERT_FALSE(*pair.server) << bytes;
    EXPECT_EQ(pair.server->error().code, ErrorCode::kReset) << pair.server->error().summary();
    if (*pair.client) {
      EXPECT_EQ(verdict_on_client(loop, pair).code, ErrorCode::kReset) << bytes;
    } else {
      EXPECT_EQ(pair.client->error().code, ErrorCode::kReset) << pair.client->error().summary();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, TlsCutTest, ::testing::Values(Relay::Cut::kEnd, Relay::Cut::kReset),
                         [](const auto& one) {
                           return one.param == Relay::Cut::kEnd ? "ByAnEnd" : "ByAReset";
                         });

struct OpenPair {
  RelayedPair wire;
  std::unique_ptr<TlsStream> client;
  std::unique_ptr<TlsStream> server;
};

OpenPair open_relayed(TestLoop& loop) {
  OpenPair open;
  open.wire = connect_relayed(loop);
  auto pair = shake_hands(loop, std::move(open.wire.ends), client_context(), server_context());
  if (!pair.both_well()) return open;
  open.client = std::move(**pair.client);
  open.server = std::move(**pair.server);
  return open;
}

TEST(TlsTest, AnEndWithoutCloseNotifyIsAReset) {
  TestLoop loop;
  auto pair = open_relayed(loop);
  Recorder client(loop);
  Recorder server(loop);
  pair.client->start(client);
  pair.server->start(server);
  pair.client->write(as_bytes("words"));
  loop.run_until([&] { return server.received == "words"; });
  pair.wire.relay->cut();
  loop.run_until([&] { return client.closed && server.closed; });
  ASSERT_TRUE(client.closed_badly() && server.closed_badly());
  EXPECT_EQ(server.error().code, ErrorCode::kReset);
  EXPECT_EQ(server.error().why, "the connection ended without close_notify");
  EXPECT_FALSE(server.ended);
}

TEST(TlsTest, WhatCameBeforeTheCutIsDelivered) {
  TestLoop loop;
  auto pair = open_relayed(loop);
  Recorder server(loop);
  server.room = 10;
  const std::string text(50'000, 'x');
  pair.client->write(as_bytes(text));
  loop.run_for(milliseconds(5));
  pair.wire.relay->cut();
  loop.run_for(milliseconds(5));
  pair.server->start(server);
  loop.run_until([&] { return server.closed.has_value(); });
  EXPECT_EQ(server.received, text);
  EXPECT_EQ(server.error().code, ErrorCode::kReset);
}

TEST(TlsTest, OneFlippedBitEndsIt) {
  TestLoop loop;
  for (std::size_t at = 0; at < 40; ++at) {
    auto pair = open_relayed(loop);
    Recorder client(loop);
    Recorder server(loop);
    pair.client->start(client);
    pair.server->start(server);
    const std::size_t seen_before = pair.wire.relay->passed;
    std::size_t seen = 0;
    pair.wire.relay->spoil = [&](MutableBytes bytes) {
      for (auto& byte : bytes) {
        if (seen++ == at) byte ^= 0x10U;
      }
    };
    pair.client->write(as_bytes("secret words that matter"));
    // A length that was spoiled leaves the server waiting for the rest of a record.
    loop.run_until([&] { return pair.wire.relay->passed > at + seen_before; });
    pair.wire.relay->cut();
    loop.run_until([&] { return server.closed && client.closed; });
    EXPECT_TRUE(server.closed_badly()) << at;
    EXPECT_EQ(server.received, "") << at;
  }
}

TEST(TlsTest, MayBeDestroyedAtAnyPointOfTheHandshake) {
  TestLoop loop;
  const auto client = client_context();
  const auto server = server_context();
  for (int rounds = 0; rounds < 60; ++rounds) {
    for (const bool later : {false, true}) {
      auto wire = connect_relayed(loop);
      std::vector<std::unique_ptr<TlsStream>> streams;
      const auto keep = [&](TlsResult r) {
        if (r) streams.push_back(std::move(*r));
      };
      auto one = std::make_unique<TlsHandshake>(*loop, client, std::move(wire.ends.client),
                                                TlsHandshakeOptions{}, keep);
      TlsHandshake other(*loop, server, std::move(wire.ends.server), {}, keep);
      int left = rounds;
      std::function<void()> count_down = [&] {
        if (left-- > 0) return (*loop).post(count_down);
        if (later) {
          (*loop).delete_later(std::move(one));
        } else {
          one.reset();
        }
        (*loop).stop();
      };
      (*loop).post(count_down);
      (*loop).run();
      loop.run_for(milliseconds(1));
    }
  }
}

TEST(TlsTest, ItsResultsMayBeDroppedInTheCallback) {
  TestLoop loop;
  auto pair = connect_tcp(loop);
  int done = 0;
  std::unique_ptr<TlsHandshake> client;
  std::unique_ptr<TlsHandshake> server;
  client = std::make_unique<TlsHandshake>(*loop, client_context(), std::move(pair.client),
                                          TlsHandshakeOptions{}, [&](const TlsResult&) {
                                            client.reset();
                                            ++done;
                                            loop.poke();
                                          });
  server = std::make_unique<TlsHandshake>(*loop, server_context(), std::move(pair.server),
                                          TlsHandshakeOptions{}, [&](const TlsResult&) {
                                            server.reset();
                                            ++done;
                                            loop.poke();
                                          });
  loop.run_until([&] { return done == 2; });
}

// Memory for a batch is held only while bytes are under way; the pieces leave in one write.
TEST(TlsTest, ManyPiecesShareRecords) {
  TestLoop loop;
  auto pair = open_relayed(loop);
  Recorder client(loop);
  Recorder server(loop);
  pair.client->start(client);
  pair.server->start(server);
  const std::size_t before = pair.wire.relay->passed;
  const std::vector<Bytes> pieces(2000, as_bytes("0123456789"));
  EXPECT_EQ(pair.client->write(pieces), 20'000U);
  loop.run_until([&] { return server.received.size() == 20'000; });
  constexpr std::size_t kRecords = 2;
  EXPECT_LE(pair.wire.relay->passed - before, 20'000 + kRecords * 22);
}

}  // namespace
}  // namespace ferry::net::testing
