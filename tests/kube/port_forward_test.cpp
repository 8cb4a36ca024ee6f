#include "kube/port_forward.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <utility>

#include "net/certificate.h"
#include "net/timer.h"
#include "tests/kube/fixture.h"
#include "tests/kube/temp_dir.h"
#include "tests/kube/test_proxy.h"
#include "tests/kube/websocket_peer.h"
#include "tests/net/harness.h"

namespace ferry::kube {
namespace {

using Json = nlohmann::json;
using net::testing::Recorder;
using net::testing::TestLoop;
using std::chrono::hours;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kV4 = "v4.channel.k8s.io";
const std::string kData(1, '\0');

class PortForwardTest : public testing::Test {
 protected:
  using Script = std::function<void(WebSocketPeer&)>;
  using Streamed = Result<std::unique_ptr<net::ByteStream>>;

  PortForwardTest() {
    config_.server.tls = false;
    config_.server.address.host = "127.0.0.1";
    config_.user_name = "jane";
    config_.user.token = "t0ken";
  }

  // A server that upgrades and then does what the script says.
  HttpServer& serve(Script script, const std::optional<ServerTls>& tls = {}) {
    return serve_http(
        [script = std::move(script)](const HttpMessage& request,
                                     Connection& connection) -> std::optional<Reply> {
          WebSocketPeer peer(connection);
          if (peer.accept(request, kV4)) script(peer);
          return std::nullopt;
        },
        tls);
  }
  HttpServer& serve_http(HttpServer::Responder responder,
                         const std::optional<ServerTls>& tls = {}) {
    server_ = std::make_unique<HttpServer>(
        [this, responder = std::move(responder)](const HttpMessage& request,
                                                 Connection& connection) {
          loop_->post([this] { loop_.poke(); });  // a test may wait for requests()
          return responder(request, connection);
        },
        tls);
    config_.server.address.port = server_->port();
    return *server_;
  }

  // The outcome of a dial to port 8080 of the pod web-1.
  Streamed dial() {
    std::optional<Streamed> outcome;
    auto credentials = std::make_shared<Credentials>(config_);
    PortForwardDial dial(*loop_, credentials, {"demo", "web-1", port_}, options_,
                         [&](Streamed got) {
                           outcome = std::move(got);
                           loop_.poke();
                         });
    EXPECT_FALSE(outcome) << "called from within the constructor";
    loop_.run_until([&] { return outcome.has_value(); });
    if (!outcome) return fail(ErrorCode::kTimedOut, "the test", "no outcome");
    return std::move(*outcome);
  }
  // The same, started and recorded.
  bool open() {
    auto dialled = dial();
    EXPECT_TRUE(dialled) << dialled.error().summary();
    if (!dialled) return false;
    stream_ = std::move(*dialled);
    stream_->start(recorder_);
    return true;
  }
  bool closed() {
    return loop_.run_until([&] { return recorder_.closed.has_value(); });
  }

  TestLoop loop_;
  ClusterConfig config_;
  PortForwardOptions options_;
  std::uint16_t port_ = 8080;
  std::unique_ptr<HttpServer> server_;
  Recorder recorder_{loop_};
  std::unique_ptr<net::ByteStream> stream_;
};

TEST_F(PortForwardTest, AsksForThePortOfThePodWithTheSubprotocolAndTheToken) {
  config_.server.path_prefix = "/k8s/c-1";
  config_.user.impersonation.user = "joe";
  auto& server = serve([](WebSocketPeer& peer) {
    peer.announce(8080);
    peer.close();
  });
  ASSERT_TRUE(open());
  const auto request = server.requests().at(0);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/k8s/c-1/api/v1/namespaces/demo/pods/web-1/portforward?ports=8080");
  EXPECT_EQ(request.header("sec-websocket-protocol"), kV4);
  EXPECT_EQ(request.header("authorization"), "Bearer t0ken");
  EXPECT_EQ(request.header("impersonate-user"), "joe");
  EXPECT_EQ(request.header("host"), "127.0.0.1:" + std::to_string(server.port()));
}

TEST_F(PortForwardTest, CarriesBytesBothWays) {
  serve([](WebSocketPeer& peer) {
    peer.announce(8080);
    while (const auto frame = peer.read()) {
      if (frame->opcode == 8) return peer.close();
      peer.send(2, kData + "<" + frame->payload.substr(1) + ">");
    }
  });
  ASSERT_TRUE(open());
  stream_->write(as_bytes("hello"));
  loop_.run_until([&] { return recorder_.received == "<hello>"; });
  stream_->shutdown();  // ends both directions
  ASSERT_TRUE(closed());
  EXPECT_TRUE(recorder_.closed_well());
  EXPECT_TRUE(recorder_.ended);
}

TEST_F(PortForwardTest, IsNotThereBeforeBothChannelsAreAnnounced) {
  std::promise<void> go_on;
  serve([&](WebSocketPeer& peer) {
    peer.send(2, std::string("\0\x90\x1f", 3));
    go_on.get_future().wait();
    peer.send(2, "\x01\x90\x1f");
    peer.read();
  });
  std::optional<Streamed> outcome;
  PortForwardDial dial(*loop_, std::make_shared<Credentials>(config_), {"demo", "web-1", 8080}, {},
                       [&](Streamed got) {
                         outcome = std::move(got);
                         loop_.poke();
                       });
  loop_.run_until([&] { return !server_->requests().empty(); });
  loop_.run_for(milliseconds(20));
  EXPECT_FALSE(outcome);
  go_on.set_value();
  loop_.run_until([&] { return outcome.has_value(); });
  EXPECT_TRUE(*outcome);
}

TEST_F(PortForwardTest, BytesThatCameWithTheAnnouncementAreNotLost) {
  serve([](WebSocketPeer& peer) {
    peer.announce(8080);
    peer.send(2, kData + "banner");
    peer.close();
  });
  auto dialled = dial();
  ASSERT_TRUE(dialled);
  loop_.run_for(milliseconds(20));  // nothing may be read or told before start()
  (*dialled)->start(recorder_);
  ASSERT_TRUE(closed());
  EXPECT_EQ(recorder_.received, "banner");
  EXPECT_TRUE(recorder_.closed_well());
}

TEST_F(PortForwardTest, AMessageMayComeInManyPieces) {
  std::string sent;
  for (int i = 0; i < 300'000; ++i) sent += static_cast<char>(i % 251);
  serve([&](WebSocketPeer& peer) {
    peer.announce(8080);
    peer.send(2, kData + sent);
    peer.send(2, kData);           // nothing but its channel
    peer.send(2, "\x07whatever");  // a channel that nobody asked for
    peer.send(2, kData + "end");
    peer.close();
  });
  recorder_.room = 1000;
  ASSERT_TRUE(open());
  ASSERT_TRUE(closed());
  EXPECT_EQ(recorder_.received, sent + "end");
}

TEST_F(PortForwardTest, SendsMaskedSingleFramesOfAtMost32KiB) {
  std::promise<std::vector<Frame>> frames;
  const std::string sent(100'000, 'x');
  serve([&](WebSocketPeer& peer) {
    peer.announce(8080);
    std::vector<Frame> got;
    std::size_t bytes = 0;
    while (bytes < sent.size()) {
      auto frame = peer.read();
      if (!frame) break;
      bytes += frame->payload.size() - 1;
      got.push_back(std::move(*frame));
    }
    frames.set_value(std::move(got));
  });
  ASSERT_TRUE(open());
  const std::size_t at_once = stream_->write(as_bytes(sent));
  loop_.run_until([&] { return at_once + recorder_.written == sent.size(); });
  std::string received;
  for (const auto& frame : frames.get_future().get()) {
    EXPECT_TRUE(frame.fin);
    EXPECT_TRUE(frame.masked);
    EXPECT_EQ(frame.opcode, 2);
    EXPECT_LE(frame.payload.size(), 32U * 1024);
    EXPECT_EQ(frame.payload.at(0), '\0');
    received += frame.payload.substr(1);
  }
  EXPECT_EQ(received, sent);
}

TEST_F(PortForwardTest, AReaderThatStallsStallsTheServer) {
  constexpr std::size_t kTotal = std::size_t{64} * 1024 * 1024;
  std::atomic<std::size_t> sent = 0;
  serve([&](WebSocketPeer& peer) {
    peer.announce(8080);
    const std::string message = kData + std::string(32'000, 'x');
    while (sent < kTotal && peer.send(2, message)) sent += message.size() - 1;
    peer.close();
  });
  recorder_.room = 0;
  ASSERT_TRUE(open());
  std::size_t before = 1;
  while (before != sent) {  // until the kernel's buffers are full
    before = sent;
    loop_.run_for(milliseconds(100));
  }
  EXPECT_LT(sent, kTotal);
  recorder_.room = std::size_t{256} * 1024;
  stream_->resume_reading();
  ASSERT_TRUE(closed());
  EXPECT_EQ(recorder_.received.size(), sent);
}

TEST_F(PortForwardTest, PausingFromWithinAReadHoldsTheRestBack) {
  serve([](WebSocketPeer& peer) {
    peer.announce(8080);
    peer.send(2, kData + "0123456789");
    peer.close();
  });
  recorder_.room = 4;
  bool paused = false;
  recorder_.on_event = [&] {
    if (recorder_.received.size() == 4 && !std::exchange(paused, true)) stream_->pause_reading();
  };
  ASSERT_TRUE(open());
  loop_.run_until([&] { return recorder_.received.size() >= 4; });
  loop_.run_for(milliseconds(20));
  EXPECT_EQ(recorder_.received, "0123");
  stream_->resume_reading();
  ASSERT_TRUE(closed());
  EXPECT_EQ(recorder_.received, "0123456789");
}

TEST_F(PortForwardTest, ACutConnectionIsAReset) {
  serve([](WebSocketPeer& peer) {
    peer.announce(8080);
    peer.send(2, kData + "some");
  });
  ASSERT_TRUE(open());
  ASSERT_TRUE(closed());
  EXPECT_EQ(recorder_.received, "some");
  ASSERT_TRUE(recorder_.closed_badly());
  EXPECT_EQ(recorder_.error().code, ErrorCode::kReset);
  EXPECT_EQ(recorder_.error().what, "port-forwarding to pods/web-1 in namespace demo, port 8080");
}

TEST_F(PortForwardTest, ItMayBeLetGoOfFromWithinItsOwnEvents) {
  serve([](WebSocketPeer& peer) {
    peer.announce(8080);
    peer.send(2, kData + "x");
    peer.send(2, kData + "y");
    peer.read();
  });
  recorder_.on_event = [&] {
    if (!recorder_.received.empty() && stream_) loop_->delete_later(std::move(stream_));
  };
  ASSERT_TRUE(open());
  loop_.run_until([&] { return !stream_; });
  loop_.run_for(milliseconds(20));
  EXPECT_EQ(recorder_.received, "x");
  EXPECT_FALSE(recorder_.closed);
}

TEST_F(PortForwardTest, ADialThatIsDestroyedNeverCalls) {
  serve([](WebSocketPeer& peer) {
    peer.announce(8080);
    peer.read();
  });
  bool called = false;
  {
    const PortForwardDial dial(*loop_, std::make_shared<Credentials>(config_),
                               {"demo", "web-1", 8080}, {}, [&](Streamed) { called = true; });
    loop_.run_until([&] { return !server_->requests().empty(); });
  }
  loop_.run_for(milliseconds(50));
  EXPECT_FALSE(called);
}

// Recorded exchanges.

class RecordedPortForwardTest : public PortForwardTest {
 protected:
  // Answers as the recorded server did, frame by frame.
  void replay(const std::string& name) {
    const Json recorded = fixture("portforward-" + name);
    serve_http(
        [recorded](const HttpMessage& request, Connection& connection) -> std::optional<Reply> {
          if (!recorded.at("response_body").is_null()) return refusal(recorded);
          WebSocketPeer peer(connection);
          peer.accept(request, kV4);
          for (const auto& frame : recorded.at("received")) {
            if (frame.contains("opcode")) peer.send(frame.at("opcode"), payload_of(frame));
          }
          while (peer.read()) {
          }
          return std::nullopt;
        });
  }

 private:
  static Reply refusal(const Json& recorded) {
    Reply reply;
    reply.status = std::stoi(recorded.at("response_head").at(0).get<std::string>().substr(9));
    reply.body = recorded.at("response_body");
    for (std::size_t i = 1; i < recorded.at("response_head").size(); ++i) {
      const auto header = recorded.at("response_head").at(i).get<std::string>();
      if (!header.starts_with("Content-Length")) reply.headers.push_back(header);
    }
    return reply;
  }

  // Long frames were recorded by their first bytes only.
  static std::string payload_of(const Json& frame) {
    const auto hex = frame.value("hex", frame.value("first16", ""));
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
      bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    bytes.resize(frame.at("length").get<std::size_t>(), '.');
    return bytes;
  }
};

TEST_F(RecordedPortForwardTest, AnAnswerAndItsEnd) {
  replay("http");
  ASSERT_TRUE(open());
  ASSERT_TRUE(closed());
  EXPECT_THAT(recorder_.received, testing::StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(recorder_.received, testing::EndsWith("\r\n\r\nok\n"));
  EXPECT_TRUE(recorder_.ended);
  EXPECT_TRUE(recorder_.closed_well());
}

TEST_F(RecordedPortForwardTest, APortThatNobodyListensOn) {
  port_ = 9;
  replay("refused");
  ASSERT_TRUE(open());
  ASSERT_TRUE(closed());
  ASSERT_TRUE(recorder_.closed_badly());
  EXPECT_EQ(recorder_.error().code, ErrorCode::kUnreachable);
  EXPECT_THAT(recorder_.error().why, testing::StartsWith("error forwardin"));
  EXPECT_THAT(recorder_.error().fix, HasSubstr("listens on port 9"));
}

TEST_F(RecordedPortForwardTest, RefusalsBeforeTheUpgradeKeepTheServersWords) {
  const auto error = [&](const std::string& name) {
    replay(name);
    const auto dialled = dial();
    EXPECT_FALSE(dialled) << name;
    return dialled ? Error{} : dialled.error();
  };
  EXPECT_EQ(error("no-pod").code, ErrorCode::kNotFound);
  EXPECT_EQ(error("no-pod").why, "pods \"nobody\" not found");
  EXPECT_THAT(error("no-pod").fix, HasSubstr("kubectl get pods"));
  EXPECT_EQ(error("pod-not-running").code, ErrorCode::kInvalid);
  EXPECT_EQ(error("pod-not-running").why, "pod pending-selector does not have a host assigned");
  EXPECT_EQ(error("pod-completed").code, ErrorCode::kUnavailable);
  EXPECT_EQ(error("pod-completed").why, "HTTP 500: pod not found (\"completed_fixtures\")");
  EXPECT_EQ(error("bad-port").code, ErrorCode::kInvalid);
}

// Trouble on the way.

TEST_F(PortForwardTest, A401LeadsToOneRefreshAndOneMoreTry) {
  const TempDir files;
  config_.user.token.clear();
  config_.user.token_file = files.write("token", "old");
  auto& server =
      serve_http([&](const HttpMessage& request, Connection& connection) -> std::optional<Reply> {
        if (request.header("authorization") != "Bearer new") {
          files.write("token", "new");
          return Reply{401, R"({"kind":"Status","code":401,"message":"Unauthorized"})", {}};
        }
        WebSocketPeer peer(connection);
        peer.accept(request, kV4);
        peer.announce(8080);
        peer.read();
        return std::nullopt;
      });
  EXPECT_TRUE(dial());
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(PortForwardTest, A401ThatStaysIsReported) {
  const TempDir files;
  config_.user.token.clear();
  config_.user.token_file = files.write("token", "old");
  auto& server = serve_http([](const auto&, auto&) {
    return Reply{401, R"({"kind":"Status","code":401,"message":"Unauthorized"})", {}};
  });
  const auto dialled = dial();
  ASSERT_FALSE(dialled);
  EXPECT_EQ(dialled.error().code, ErrorCode::kUnauthenticated);
  EXPECT_THAT(dialled.error().fix, HasSubstr("'jane'"));
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(PortForwardTest, AForbiddenOneNamesTheRight) {
  serve_http([](const auto&, auto&) {
    return Reply{403,
                 R"({"kind":"Status","code":403,"reason":"Forbidden","message":"pods \"web\" )"
                 R"(is forbidden: User \"ann\" cannot create resource"})",
                 {}};
  });
  const auto dialled = dial();
  ASSERT_FALSE(dialled);
  EXPECT_EQ(dialled.error().code, ErrorCode::kForbidden);
  EXPECT_THAT(dialled.error().fix, HasSubstr("kubectl auth can-i get pods/portforward -n demo"));
}

TEST_F(PortForwardTest, CredentialsThatCantBeHadFailTheDial) {
  config_.user.token.clear();
  config_.user.token_file = "/nonexistent/token";
  const auto dialled = dial();
  ASSERT_FALSE(dialled);
  EXPECT_EQ(dialled.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(dialled.error().why, HasSubstr("/nonexistent/token"));
}

TEST_F(PortForwardTest, AHangingPluginDoesNotOutliveTheDial) {
  const TempDir files;
  config_.user.token.clear();
  config_.environment = {{"PATH", "/usr/bin:/bin"}};
  config_.user.exec.emplace();
  config_.user.exec->command = files.script("plugin", "exec sleep 1000");
  options_.timeout = milliseconds(50);
  const auto dialled = dial();  // returns once the dial is gone
  ASSERT_FALSE(dialled);
  EXPECT_EQ(dialled.error().code, ErrorCode::kTimedOut);
  EXPECT_THAT(dialled.error().why, HasSubstr("waiting for credentials"));
}

TEST_F(PortForwardTest, AServerThatIsSilentTimesOutWithWhatWasWaitedFor) {
  options_.timeout = milliseconds(100);
  serve_http([](const auto&, Connection& connection) -> std::optional<Reply> {
    connection.read_some();
    return std::nullopt;
  });
  EXPECT_THAT(dial().error().why, HasSubstr("waiting for the API server's answer"));
  serve([](WebSocketPeer& peer) { peer.read(); });
  const auto dialled = dial();
  EXPECT_EQ(dialled.error().code, ErrorCode::kTimedOut);
  EXPECT_THAT(dialled.error().why, HasSubstr("waiting for the kubelet's answer"));
}

TEST_F(PortForwardTest, ARefusedConnectionNamesTheServer) {
  serve([](WebSocketPeer&) {});
  server_.reset();
  const auto dialled = dial();
  ASSERT_FALSE(dialled);
  EXPECT_EQ(dialled.error().code, ErrorCode::kUnreachable);
  EXPECT_THAT(dialled.error().why, HasSubstr("127.0.0.1:"));
}

TEST_F(PortForwardTest, AnEndBeforeTheAnnouncementIsAnError) {
  serve([](WebSocketPeer& peer) { peer.close(); });
  EXPECT_EQ(dial().error().code, ErrorCode::kProtocol);
  serve([](WebSocketPeer&) {});
  EXPECT_EQ(dial().error().code, ErrorCode::kReset);
}

TEST_F(PortForwardTest, AnAnnouncementOfAnotherPortIsABreachOfTheProtocol) {
  serve([](WebSocketPeer& peer) {
    peer.announce(8081);
    peer.read();
  });
  EXPECT_EQ(dial().error().code, ErrorCode::kProtocol);
  serve([](WebSocketPeer& peer) {
    peer.send(2, std::string("\0\x90\x1f\x00", 4));
    peer.read();
  });
  EXPECT_EQ(dial().error().code, ErrorCode::kProtocol);
}

// TLS and proxies.

class PortForwardTlsTest : public PortForwardTest {
 protected:
  PortForwardTlsTest()
      : authority_(*net::make_authority({.common_name = "ferry-test-ca",
                                         .names = {},
                                         .not_before = in_hours(-48),
                                         .not_after = in_hours(48)})) {
    config_.server.tls = true;
    config_.ca_pem = authority_.certificate_pem;
  }

  static net::WallTime in_hours(int n) { return std::chrono::system_clock::now() + hours(n); }
  net::Identity make(const std::string& name, net::CertificateUse use) const {
    return *net::make_certificate({.common_name = name,
                                   .names = {name},
                                   .not_before = in_hours(-1),
                                   .not_after = in_hours(1),
                                   .use = use},
                                  authority_);
  }
  ServerTls server_tls(const std::string& name) const {
    const auto identity = make(name, net::CertificateUse::kServer);
    return {identity.certificate_pem, identity.key_pem, {}};
  }
  static void greet(WebSocketPeer& peer) {
    peer.announce(8080);
    peer.send(2, kData + "hello");
    peer.close();
  }
  // Opens and reads the greeting.
  void expect_greeting() {
    ASSERT_TRUE(open());
    ASSERT_TRUE(closed());
    EXPECT_EQ(recorder_.received, "hello");
    EXPECT_TRUE(recorder_.closed_well());
  }
  void use_proxy(ProxyUrl::Kind kind, const TestProxy& proxy) {
    config_.server.address = {"api.example", 6443};  // only the proxy finds it
    config_.proxy = ProxyUrl{kind, {"127.0.0.1", proxy.port()}, "me", "s@crt"};
  }

  net::Identity authority_;
};

TEST_F(PortForwardTlsTest, GoesThroughTls) {
  serve(greet, server_tls("127.0.0.1"));
  expect_greeting();
}

TEST_F(PortForwardTlsTest, TlsServerNameIsWhatIsVerified) {
  serve(greet, server_tls("kube.internal"));
  EXPECT_FALSE(dial());
  config_.tls_server_name = "kube.internal";
  expect_greeting();
}

TEST_F(PortForwardTlsTest, TheClientCertificateIsShown) {
  auto tls = server_tls("127.0.0.1");
  tls.client_ca_pem = authority_.certificate_pem;
  serve(greet, tls);
  const auto jane = make("jane", net::CertificateUse::kClient);
  config_.user = {};
  config_.user.client_certificate.data = jane.certificate_pem;
  config_.user.client_key.data = jane.key_pem;
  expect_greeting();
}

TEST_F(PortForwardTlsTest, AServerOfAnotherAuthorityIsNotTrusted) {
  serve(greet, server_tls("127.0.0.1"));
  config_.ca_pem = net::make_authority({.common_name = "another",
                                        .names = {},
                                        .not_before = in_hours(-1),
                                        .not_after = in_hours(1)})
                       ->certificate_pem;
  const auto dialled = dial();
  ASSERT_FALSE(dialled);
  EXPECT_THAT(dialled.error().why, HasSubstr("certificate"));
}

TEST_F(PortForwardTlsTest, GoesThroughAnHttpProxy) {
  serve(greet, server_tls("api.example"));
  const TestProxy proxy(TestProxy::Kind::kConnect, server_->port(), "me:s@crt");
  use_proxy(ProxyUrl::Kind::kHttp, proxy);
  expect_greeting();
  EXPECT_THAT(proxy.targets(), ElementsAre("api.example:6443"));
  EXPECT_EQ(proxy.connects().at(0).header("authorization"), "");
}

TEST_F(PortForwardTlsTest, GoesThroughAnHttpsProxy) {
  serve(greet, server_tls("api.example"));
  const TestProxy proxy(TestProxy::Kind::kConnect, server_->port(), "me:s@crt",
                        server_tls("127.0.0.1"));
  use_proxy(ProxyUrl::Kind::kHttps, proxy);
  expect_greeting();
  EXPECT_THAT(proxy.targets(), ElementsAre("api.example:6443"));
}

TEST_F(PortForwardTlsTest, GoesThroughASocksProxyThatResolvesTheName) {
  serve(greet, server_tls("api.example"));
  const TestProxy proxy(TestProxy::Kind::kSocks5, server_->port(), "me:s@crt");
  use_proxy(ProxyUrl::Kind::kSocks5, proxy);
  expect_greeting();
  EXPECT_THAT(proxy.targets(), ElementsAre("api.example:6443"));
}

TEST_F(PortForwardTlsTest, AProxyThatRefusesIsToldAsSuch) {
  serve(greet, server_tls("api.example"));
  const TestProxy proxy(TestProxy::Kind::kConnect, server_->port(), "me:other");
  use_proxy(ProxyUrl::Kind::kHttp, proxy);
  const auto dialled = dial();
  ASSERT_FALSE(dialled);
  EXPECT_EQ(dialled.error().code, ErrorCode::kUnauthenticated);
  EXPECT_THAT(dialled.error().why, HasSubstr("407"));
}

}  // namespace
}  // namespace ferry::kube
