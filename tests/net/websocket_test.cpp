#include "net/websocket.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "net/http_head.h"
#include "tests/net/child_process.h"
#include "tests/net/scripted_peer.h"

namespace ferry::net::testing {
namespace {

using std::chrono::milliseconds;
using std::string_literals::operator""s;
using Upgraded = tl::expected<std::unique_ptr<WebSocket>, UpgradeFailure>;

class MessageRecorder final : public WebSocketHandler {
 public:
  explicit MessageRecorder(TestLoop& loop) : loop_(loop) {}

  std::vector<std::string> messages;  // whole ones
  std::string partial;
  std::size_t appetite = std::string::npos;  // bytes taken of one part
  std::size_t written = 0;
  std::optional<Status> closed;
  std::function<void()> on_event;

  std::size_t on_message(Bytes part, bool first, bool last) override {
    EXPECT_FALSE(closed);
    EXPECT_EQ(first, !in_message_);
    const std::size_t taken = std::min(appetite, part.size());
    partial += as_text(part.first(taken));
    const bool whole = taken == part.size();
    in_message_ = taken > 0 || whole ? !(last && whole) : in_message_;
    if (last && whole) messages.push_back(std::exchange(partial, {}));
    event();
    return taken;
  }
  void on_written(std::size_t n) override {
    written += n;
    event();
  }
  void on_closed(Status status) override {
    EXPECT_FALSE(closed);
    closed = std::move(status);
    event();
  }

 private:
  void event() {
    if (on_event) on_event();
    loop_.poke();
  }
  TestLoop& loop_;
  bool in_message_ = false;
};

std::size_t send(WebSocket& socket, std::string_view prefix, std::string_view text) {
  const Bytes piece = as_bytes(text);
  return socket.write(as_bytes(prefix), std::span<const Bytes>(&piece, 1));
}

Upgraded upgrade(TestLoop& loop, std::unique_ptr<ByteStream> lower, const UpgradeRequest& request) {
  std::optional<Upgraded> result;
  WebSocketUpgrade upgrading(*loop, std::move(lower), request, [&](Upgraded outcome) {
    result = std::move(outcome);
    loop.poke();
  });
  EXPECT_FALSE(result);
  loop.run_until([&] { return result.has_value(); });
  return std::move(*result);
}

// --- against a server of another making ----------------------------------------------------------

class WebSocketServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string line = server.read_line();
    if (line == "unavailable" || line.empty()) GTEST_SKIP() << "python3-aiohttp is not installed";
    address = {"127.0.0.1", static_cast<std::uint16_t>(std::stoi(line))};
  }
  Upgraded open(const std::string& path) {
    std::unique_ptr<ByteStream> stream;
    Dial dial(*loop, address, {}, [&](auto result) {
      stream = std::move(*result);
      loop.poke();
    });
    loop.run_until([&] { return stream != nullptr; });
    UpgradeRequest request;
    request.host = to_string(address);
    request.path = path;
    request.subprotocols = {"v5.unknown", "v4.channel.k8s.io"};
    request.max_message = max_message;
    return upgrade(loop, std::move(stream), request);
  }

  ChildProcess server{{"/usr/bin/python3", "tests/net/websocket_server.py"}};
  TestLoop loop;
  HostPort address;
  std::size_t max_message = UpgradeRequest{}.max_message;
};

TEST_F(WebSocketServerTest, EchoesMessagesOfAllSizes) {
  max_message = 100'000;
  auto socket = open("/echo");
  ASSERT_TRUE(socket) << socket.error().error.summary();
  EXPECT_EQ((*socket)->subprotocol(), "v4.channel.k8s.io");
  MessageRecorder recorder(loop);
  (*socket)->start(recorder);
  std::mt19937 random(1);
  std::vector<std::string> sent;
  for (const std::size_t size : {1U, 124U, 125U, 126U, 127U, 4095U, 4096U, 4097U, 32768U, 65533U,
                                 65534U, 65535U, 65536U, 100000U}) {
    std::string text(size, '\0');
    for (auto& c : text) c = static_cast<char>(random());
    send(**socket, "\0"s, text);
    sent.push_back("\0"s + text);
  }
  loop.run_until([&] { return recorder.messages.size() == sent.size(); });
  EXPECT_TRUE(recorder.messages == sent);
  (*socket)->close();
  EXPECT_EQ(send(**socket, "", "too late"), 0U);
  loop.run_until([&] { return recorder.closed.has_value(); });
  EXPECT_TRUE(recorder.closed->has_value());
}

TEST_F(WebSocketServerTest, CarriesMegabytesWithASlowReader) {
  auto socket = open("/echo");
  ASSERT_TRUE(socket);
  MessageRecorder recorder(loop);
  std::mt19937 random(2);
  std::string text(8'000'000, '\0');
  for (auto& c : text) c = static_cast<char>(random());
  std::string received;
  (*socket)->start(recorder);
  Timer hungry(*loop, [&] {
    recorder.appetite = random() % 50'000;
    (*socket)->resume_reading();
    hungry.start(std::chrono::microseconds(200));
  });
  hungry.start(Duration::zero());
  const std::size_t at_once = send(**socket, "x", text);
  EXPECT_EQ((*socket)->queued(), text.size() - at_once);
  const std::size_t messages = (text.size() + 32767) / 32768;
  loop.run_until([&] { return recorder.messages.size() == messages; });
  for (const auto& message : recorder.messages) received += message.substr(1);
  EXPECT_TRUE(received == text);
  EXPECT_EQ(at_once + recorder.written, text.size());
}

TEST_F(WebSocketServerTest, CutsMessagesAtTheirLimitAndSendsNothingForNothing) {
  auto socket = open("/sizes");
  ASSERT_TRUE(socket);
  EXPECT_EQ((*socket)->subprotocol(), "");
  MessageRecorder recorder(loop);
  (*socket)->start(recorder);
  send(**socket, "p", std::string(70'000, 'x'));
  EXPECT_EQ(send(**socket, "p", ""), 0U);
  const std::vector<Bytes> small(100, as_bytes("12345"));
  (*socket)->write(as_bytes("p"), small);
  loop.run_until([&] { return recorder.messages.size() == 4; });
  EXPECT_EQ(recorder.messages, (std::vector<std::string>{"32769;", "32769;", "4465;", "501;"}));
}

TEST_F(WebSocketServerTest, AnswersPings) {
  auto socket = open("/pings");
  ASSERT_TRUE(socket);
  MessageRecorder recorder(loop);
  (*socket)->start(recorder);
  loop.run_until([&] { return !recorder.messages.empty(); });
  EXPECT_EQ(recorder.messages.at(0), "pong came");
}

TEST_F(WebSocketServerTest, ReportsHowTheServerCloses) {
  struct Case {
    std::string query;
    bool well;
  };
  for (const auto& [query, well] :
       {Case{"code=1000&reason=", true}, Case{"code=1001&reason=bye", true},
        Case{"code=1011&reason=broken", false}}) {
    auto socket = open("/close?" + query);
    ASSERT_TRUE(socket);
    MessageRecorder recorder(loop);
    (*socket)->start(recorder);
    loop.run_until([&] { return recorder.closed.has_value(); });
    EXPECT_EQ(recorder.messages, std::vector<std::string>{"before"});
    EXPECT_EQ(recorder.closed->has_value(), well) << query;
    if (!well) {
      EXPECT_EQ(recorder.closed->error().code, ErrorCode::kReset);
      EXPECT_EQ(recorder.closed->error().why, "the server closed with status 1011: broken");
    }
  }
}

TEST_F(WebSocketServerTest, GivesTheBodyOfARefusal) {
  const auto socket = open("/refuse");
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().error.code, ErrorCode::kForbidden);
  EXPECT_EQ(socket.error().status, 403);
  EXPECT_TRUE(socket.error().content_type.starts_with("application/json"));
  EXPECT_EQ(socket.error().body, R"({"kind": "Status", "message": "not for you"})");
}

// --- against bytes
// --------------------------------------------------------------------------------

class WebSocketTest : public ::testing::Test {
 protected:
  WebSocketTest() {
    auto pair = connect_tcp(loop);
    near = std::move(pair.client);
    server.emplace(loop, std::move(pair.server));
    request.host = "server:1";
    request.path = "/path";
  }
  void begin() {
    upgrading =
        std::make_unique<WebSocketUpgrade>(*loop, std::move(near), request, [this](Upgraded r) {
          result = std::move(r);
          upgrading.reset();
          loop.poke();
        });
  }
  bool wait() {
    return loop.run_until([&] { return result.has_value(); });
  }
  // The answer to the request that came.
  std::string switching(const std::string& more = "") {
    EXPECT_TRUE(server->saw("\r\n\r\n"));
    const std::string text = server->take();
    const auto at = text.find("Sec-WebSocket-Key: ");
    const std::string key = text.substr(at + 19, 24);
    const std::string joined = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<std::uint8_t, 20> digest = {};
    EVP_Digest(joined.data(), joined.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Accept: " +
           base64(digest) + "\r\n" + more + "\r\n";
  }
  // Opens the socket, `frames` coming right behind the upgrade.
  bool open(const std::string& frames = "") {
    begin();
    server->send(switching() + frames);
    if (!wait() || !*result) return false;
    socket = std::move(**result);
    socket->start(recorder);
    return true;
  }
  ErrorCode close_code() {
    loop.run_until([&] { return recorder.closed.has_value(); });
    if (!recorder.closed || *recorder.closed) return ErrorCode::kInternal;
    return recorder.closed->error().code;
  }

  TestLoop loop;
  std::unique_ptr<ByteStream> near;
  std::optional<ScriptedPeer> server;
  UpgradeRequest request;
  std::unique_ptr<WebSocketUpgrade> upgrading;
  std::optional<Upgraded> result;
  MessageRecorder recorder{loop};
  std::unique_ptr<WebSocket> socket;
};

TEST_F(WebSocketTest, SendsTheRequestThatWasAskedFor) {
  request.path = "/prefix/api?ports=80";
  request.subprotocols = {"one", "two"};
  request.headers = {{"Authorization", "Bearer token"}};
  begin();
  ASSERT_TRUE(server->saw("\r\n\r\n"));
  EXPECT_TRUE(
      server->received().starts_with("GET /prefix/api?ports=80 HTTP/1.1\r\nHost: server:1\r\n"));
  for (const char* line : {"\r\nConnection: Upgrade\r\n", "\r\nUpgrade: websocket\r\n",
                           "\r\nSec-WebSocket-Version: 13\r\n",
                           "\r\nSec-WebSocket-Key: ", "\r\nSec-WebSocket-Protocol: one, two\r\n",
                           "\r\nAuthorization: Bearer token\r\n"}) {
    EXPECT_NE(server->received().find(line), std::string::npos) << line;
  }
}

TEST_F(WebSocketTest, RefusesToSendLineBreaks) {
  const std::vector<std::function<void()>> faults = {
      [&] { request.path = "/a b"; },
      [&] { request.path = "/a\r\nX: 1"; },
      [&] { request.host = "h\r\n"; },
      [&] {
        request.headers = {{"X", "a\r\nY: b"}};
      },
      [&] {
        request.headers = {{"X\r\nY", "b"}};
      },
      [&] {
        request.headers = {{"", "b"}};
      },
  };
  for (const auto& fault : faults) {
    near = connect_tcp(loop).client;
    request = UpgradeRequest{};
    request.host = "server:1";
    request.path = "/path";
    fault();
    result.reset();
    begin();
    ASSERT_TRUE(wait());
    ASSERT_FALSE(*result);
    EXPECT_EQ(result->error().error.code, ErrorCode::kInvalid);
    EXPECT_EQ(result->error().status, 0);
  }
}

TEST_F(WebSocketTest, RefusesUpgradesThatAreNotTheAnswer) {
  const std::vector<std::function<std::string()>> answers = {
      [&] { return "SSH-2.0-OpenSSH\r\n"s; },
      [&] {
        return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
               "Connection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n"s;
      },
      [&] {
        return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\n"
               "Connection: Upgrade\r\n\r\n"s;
      },
      [&] { return switching("Sec-WebSocket-Protocol: uninvited\r\n"); },
      [&] { return switching("Sec-WebSocket-Extensions: permessage-deflate\r\n"); },
      [&] { return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"s; },
      [&] { return "HTTP/1.1 101 X\r\nA: " + std::string(70'000, 'a'); },
  };
  for (std::size_t i = 0; i < answers.size(); ++i) {
    auto pair = connect_tcp(loop);
    near = std::move(pair.client);
    server.emplace(loop, std::move(pair.server));
    result.reset();
    begin();
    server->send(answers[i]());
    ASSERT_TRUE(wait());
    ASSERT_FALSE(*result) << i;
    EXPECT_EQ(result->error().error.code, ErrorCode::kProtocol) << i;
    EXPECT_FALSE(result->error().error.why.empty());
  }
}

TEST_F(WebSocketTest, BoundsTheBodyOfARefusal) {
  const std::string big(200'000, 'b');
  const std::vector<std::pair<std::string, std::string>> answers = {
      {"HTTP/1.1 500 X\r\nContent-Length: 200000\r\n\r\n" + big, big.substr(0, 65536)},
      {"HTTP/1.1 500 X\r\n\r\n" + big, big.substr(0, 65536)},
      {"HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=1\r\n "
       "world\r\n0\r\n\r\n",
       "hello world"},
      {"HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n30D40\r\n" + big, big.substr(0, 65536)},
      {"HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc\r\nzz\r\n",
       "abc\r\nzz\r\n"},
      {"HTTP/1.1 500 X\r\nContent-Length: 10\r\n\r\ncut", "cut"},
      {"HTTP/1.1 500 X\r\n\r\nuntil the end", "until the end"},
      {"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n", ""},
  };
  for (const auto& [answer, body] : answers) {
    auto pair = connect_tcp(loop);
    near = std::move(pair.client);
    server.emplace(loop, std::move(pair.server));
    result.reset();
    begin();
    ASSERT_TRUE(server->saw("\r\n\r\n"));
    server->send(answer);
    server->end();
    ASSERT_TRUE(wait());
    ASSERT_FALSE(*result);
    EXPECT_EQ(result->error().error.code, ErrorCode::kUnavailable);
    EXPECT_TRUE(result->error().body == body) << answer.substr(0, 80);
  }
}

// What a real API server answered before the upgrade.
TEST_F(WebSocketTest, PassesOnTheRefusalsOfARealCluster) {
  struct Case {
    const char* file;
    int status;
    ErrorCode code;
  };
  for (const auto& [file, status, code] :
       {Case{"portforward-no-pod", 404, ErrorCode::kNotFound},
        Case{"portforward-pod-not-running", 400, ErrorCode::kProtocol},
        Case{"portforward-unknown-subprotocol", 403, ErrorCode::kForbidden}}) {
    std::ifstream stream("tests/fixtures/kubernetes-1.33/"s + file + ".json");
    ASSERT_TRUE(stream) << file;
    const auto fixture = nlohmann::json::parse(stream);
    std::string answer;
    for (const auto& line : fixture["response_head"]) answer += line.get<std::string>() + "\r\n";
    const auto body = fixture["response_body"].get<std::string>();
    auto pair = connect_tcp(loop);
    near = std::move(pair.client);
    server.emplace(loop, std::move(pair.server));
    result.reset();
    begin();
    ASSERT_TRUE(server->saw("\r\n\r\n"));
    server->send(answer + "\r\n" + body);
    server->end();
    ASSERT_TRUE(wait());
    ASSERT_FALSE(*result) << file;
    EXPECT_EQ(result->error().status, status) << file;
    EXPECT_EQ(result->error().error.code, code) << file;
    EXPECT_EQ(result->error().body, body) << file;
  }
}

TEST_F(WebSocketTest, DeliversFragmentsAsTheyComeAndKnowsTheirMessage) {
  ASSERT_TRUE(open("\x02\x03one\x00\x00\x89\x00\x80\x03two"s));
  loop.run_until([&] { return !recorder.messages.empty(); });
  EXPECT_EQ(recorder.messages, std::vector<std::string>{"onetwo"});
  server->send("\x82\x00"s);
  loop.run_until([&] { return recorder.messages.size() == 2; });
  EXPECT_EQ(recorder.messages[1], "");
  server->send("\x82\x7f\x00\x00\x00\x00\x7f\xff\xff\xff"s + "the beginning of 2 GiB");
  loop.run_until([&] { return !recorder.partial.empty(); });
  EXPECT_EQ(recorder.partial, "the beginning of 2 GiB");
}

TEST_F(WebSocketTest, TakesFramesByteByByteIntoASmallAppetite) {
  ASSERT_TRUE(open());
  recorder.appetite = 1;
  recorder.on_event = [&] { (*loop).post([&] { socket->resume_reading(); }); };
  for (const char c : "\x02\x03one\x80\x03two\x81\x01!"s) server->send({&c, 1});
  loop.run_until([&] { return recorder.messages.size() == 2; });
  EXPECT_EQ(recorder.messages, (std::vector<std::string>{"onetwo", "!"}));
}

TEST_F(WebSocketTest, EndsWhenTheProtocolIsBroken) {
  const std::vector<std::string> frames = {
      "\xc2\x01x"s,                                  // a reserved bit
      "\x82\x81\1\2\3\4x"s,                          // masked
      "\x80\x01x"s,                                  // a continuation of nothing
      "\x02\x01x\x82\x01x"s,                         // a message within a message
      "\x83\x01x"s,                                  // an unknown opcode
      "\x8b\x00"s,                                   // an unknown control opcode
      "\x09\x01x"s,                                  // a fragmented ping
      "\x89\x7e\x00\x7e"s + std::string(126, 'x'),   // a long ping
      "\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x01x"s,  // a length beyond 2^63
  };
  for (std::size_t i = 0; i < frames.size(); ++i) {
    auto pair = connect_tcp(loop);
    near = std::move(pair.client);
    server.emplace(loop, std::move(pair.server));
    result.reset();
    MessageRecorder own(loop);
    begin();
    server->send(switching());
    ASSERT_TRUE(wait() && *result);
    socket = std::move(**result);
    socket->start(own);
    server->send(frames[i]);
    loop.run_until([&] { return own.closed.has_value(); });
    ASSERT_TRUE(own.closed && !*own.closed) << i;
    EXPECT_EQ(own.closed->error().code, ErrorCode::kProtocol) << i;
    ASSERT_TRUE(server->got(8));  // a masked close
    EXPECT_EQ(server->received().substr(0, 2), "\x88\x82"s);
  }
}

TEST_F(WebSocketTest, AnEndWithoutACloseIsAReset) {
  ASSERT_TRUE(open("\x82\x05hello"s));
  server->end();
  EXPECT_EQ(close_code(), ErrorCode::kReset);
  EXPECT_EQ(recorder.messages, std::vector<std::string>{"hello"});
}

TEST_F(WebSocketTest, AnEndAfterOurCloseIsGood) {
  ASSERT_TRUE(open());
  socket->close();
  server->end();
  loop.run_until([&] { return recorder.closed.has_value(); });
  EXPECT_TRUE(recorder.closed->has_value());
}

TEST_F(WebSocketTest, AFloodOfPingsFillsNoMemory) {
  ASSERT_TRUE(open());
  server->recorder().room = 0;  // reads nothing
  const std::string filler(1'000'000, 'x');
  while (socket->queued() == 0) send(*socket, "", filler);
  const std::size_t queued = socket->queued();
  std::string pings;
  for (int i = 0; i < 20'000; ++i) pings += "\x89\x7d" + std::string(125, 'p');
  server->send(pings + "\x82\x04" + "done");
  loop.run_until([&] { return !recorder.messages.empty(); });
  EXPECT_LE(socket->queued(), queued);
}

TEST_F(WebSocketTest, APingIsAnsweredOrNothingIsHeard) {
  ASSERT_TRUE(open());
  socket->ping();
  EXPECT_FALSE(socket->heard());
  ASSERT_TRUE(server->got(6));  // empty, and masked
  EXPECT_TRUE(server->received().starts_with("\x89\x80"s));
  server->send("\x8a\x00\x82\x04"s + "done");
  loop.run_until([&] { return !recorder.messages.empty(); });
  EXPECT_TRUE(socket->heard());
  EXPECT_EQ(recorder.messages, std::vector<std::string>{"done"});  // the pong is none
}

TEST_F(WebSocketTest, ManySmallPiecesAreOneMessageInOneWrite) {
  ASSERT_TRUE(open());
  const std::vector<Bytes> pieces(1000, as_bytes("ab"));
  EXPECT_EQ(socket->write(as_bytes("c"), pieces), 2000U);
  ASSERT_TRUE(server->got(2001 + 8));
  EXPECT_EQ(server->received().size(), 2001U + 8U);
}

TEST_F(WebSocketTest, MayBeLetGoInItsCallbacks) {
  ASSERT_TRUE(open("\x82\x05hello\x82\x05world"s));
  recorder.on_event = [&] {
    ASSERT_TRUE(socket) << "an event after it was let go";
    (*loop).delete_later(std::move(socket));
  };
  loop.run_until([&] { return !socket; });
  EXPECT_TRUE(server->saw_end());
}

TEST_F(WebSocketTest, TheUpgradeMayBeDestroyedOrTimeOut) {
  begin();
  loop.run_for(milliseconds(1));
  upgrading.reset();
  EXPECT_TRUE(server->saw_end());
  EXPECT_FALSE(result);

  auto pair = connect_tcp(loop);
  near = std::move(pair.client);
  request.timeout = milliseconds(20);
  begin();
  ASSERT_TRUE(wait());
  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().error.code, ErrorCode::kTimedOut);
}

}  // namespace
}  // namespace ferry::net::testing
