#include <gtest/gtest.h>

#include "net/proxy_handshake.h"
#include "tests/net/scripted_peer.h"

namespace ferry::net::testing {
namespace {

using std::chrono::milliseconds;
using std::string_literals::operator""s;

class ProxyHandshakeTest : public ::testing::Test {
 protected:
  ProxyHandshakeTest() {
    auto pair = connect_tcp(loop);
    near = std::move(pair.client);
    proxy.emplace(loop, std::move(pair.server));
    options.target = {"api.example", 6443};
    options.proxy = "proxy.example:3128";
  }
  void begin() {
    handshake =
        std::make_unique<ProxyHandshake>(*loop, std::move(near), options, [this](auto outcome) {
          result = std::move(outcome);
          handshake.reset();
          loop.poke();
        });
    EXPECT_FALSE(result);
  }
  void begin_socks() {
    options.protocol = ProxyProtocol::kSocks5;
    begin();
  }
  bool wait() {
    return loop.run_until([&] { return result.has_value(); });
  }
  ErrorCode failure() {
    if (!wait() || *result) return ErrorCode::kInternal;
    EXPECT_EQ(result->error().what,
              "connecting to api.example:6443 through the proxy proxy.example:3128");
    EXPECT_FALSE(result->error().why.empty());
    return result->error().code;
  }
  // The connection carries bytes both ways, `early` came right behind the proxy's answer.
  void expect_connection(const std::string& early = "") {
    ASSERT_TRUE(wait());
    ASSERT_TRUE(*result) << result->error().summary();
    Recorder recorder(loop);
    auto& stream = **result;
    proxy->take();
    stream->start(recorder);
    stream->write(as_bytes("hello"));
    EXPECT_TRUE(proxy->saw("hello"));
    proxy->send(" and more");
    proxy->end();
    loop.run_until([&] { return recorder.ended; });
    EXPECT_EQ(recorder.received, early + " and more");
    stream->shutdown();
    loop.run_until([&] { return recorder.closed.has_value(); });
    EXPECT_TRUE(recorder.closed_well());
  }

  TestLoop loop;
  std::unique_ptr<ByteStream> near;
  std::optional<ScriptedPeer> proxy;
  ProxyHandshakeOptions options;
  std::unique_ptr<ProxyHandshake> handshake;
  std::optional<Result<std::unique_ptr<ByteStream>>> result;
};

TEST_F(ProxyHandshakeTest, ConnectsByHttp) {
  begin();
  ASSERT_TRUE(proxy->saw("\r\n\r\n"));
  EXPECT_EQ(proxy->received(),
            "CONNECT api.example:6443 HTTP/1.1\r\nHost: api.example:6443\r\n\r\n");
  proxy->send("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n");
  expect_connection();
}

TEST_F(ProxyHandshakeTest, SendsCredentialsByHttp) {
  options.credentials = ProxyCredentials{"Aladdin", "open sesame"};  // RFC 7617's example
  begin();
  ASSERT_TRUE(proxy->saw("\r\n\r\n"));
  EXPECT_TRUE(proxy->saw("Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
}

TEST_F(ProxyHandshakeTest, LeavesWhatFollowsTheAnswerToTheNext) {
  begin();
  proxy->send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\nearly bird");
  expect_connection("early bird");
}

TEST_F(ProxyHandshakeTest, TakesTheHttpAnswerByteByByte) {
  begin();
  for (const char c : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"s) {
    EXPECT_FALSE(result);
    proxy->send(std::string_view(&c, 1));
    loop.run_for(std::chrono::microseconds(100));
  }
  expect_connection();
}

TEST_F(ProxyHandshakeTest, TellsHttpRefusalsApart) {
  const std::vector<std::pair<std::string, ErrorCode>> cases = {
      {"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", ErrorCode::kUnauthenticated},
      {"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", ErrorCode::kForbidden},
      {"HTTP/1.1 502 Bad Gateway\r\n\r\n", ErrorCode::kUnreachable},
      {"SSH-2.0-OpenSSH_9.2\r\n", ErrorCode::kProtocol},
      {"HTTP/1.1 abc\r\n\r\n", ErrorCode::kProtocol},
      {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", ErrorCode::kProtocol},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x'), ErrorCode::kProtocol},
  };
  for (const auto& [answer, code] : cases) {
    auto pair = connect_tcp(loop);
    near = std::move(pair.client);
    proxy.emplace(loop, std::move(pair.server));
    result.reset();
    begin();
    proxy->send(answer);
    EXPECT_EQ(failure(), code) << answer.substr(0, 60);
  }
}

TEST_F(ProxyHandshakeTest, ReportsACutAndASilence) {
  begin();
  proxy->send("HTTP/1.1 200");
  proxy->end();
  EXPECT_EQ(failure(), ErrorCode::kReset);

  auto pair = connect_tcp(loop);
  near = std::move(pair.client);
  proxy.emplace(loop, std::move(pair.server));
  result.reset();
  options.timeout = milliseconds(30);
  begin();
  EXPECT_EQ(failure(), ErrorCode::kTimedOut);
}

TEST_F(ProxyHandshakeTest, RefusesTargetsThatTheProtocolCannotCarry) {
  options.target.host = "evil\r\nX-Injected: 1";
  begin();
  ASSERT_TRUE(wait());
  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(proxy->saw_end());
  EXPECT_TRUE(proxy->received().empty());
}

TEST_F(ProxyHandshakeTest, RefusesLongNamesBySocks) {
  options.target.host = std::string(256, 'a');
  begin_socks();
  ASSERT_TRUE(wait());
  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().code, ErrorCode::kInvalid);
}

TEST_F(ProxyHandshakeTest, ConnectsBySocks) {
  begin_socks();
  ASSERT_TRUE(proxy->got(3));
  EXPECT_EQ(proxy->take(), "\5\1\0"s);
  proxy->send("\5\0"s);
  ASSERT_TRUE(proxy->got(18));
  EXPECT_EQ(proxy->take(), "\5\1\0\3\13api.example\x19\x2b"s);
  proxy->send(
      "\5\0\0\1\x7f\0\0\1\x12\x34"
      "early"s);
  expect_connection("early");
}

TEST_F(ProxyHandshakeTest, LogsInBySocks) {
  options.credentials = ProxyCredentials{"me", "secret"};
  options.target = {"10.1.2.3", 80};
  begin_socks();
  ASSERT_TRUE(proxy->got(4));
  EXPECT_EQ(proxy->take(), "\5\2\0\2"s);
  proxy->send("\5\2"s);
  ASSERT_TRUE(proxy->got(11));
  EXPECT_EQ(proxy->take(), "\1\2me\6secret"s);
  proxy->send("\1\0"s);
  ASSERT_TRUE(proxy->got(10));
  EXPECT_EQ(proxy->take(), "\5\1\0\1\x0a\1\2\3\0\x50"s);
  proxy->send("\5\0\0\3\4name\0\0"s);
  expect_connection();
}

TEST_F(ProxyHandshakeTest, SendsIpv6BySocksAndTakesIpv6AnswersByteByByte) {
  options.target = {"fd00::1", 443};
  begin_socks();
  for (const char c : "\5\0\5\0\0\4"s + std::string(18, '\0')) {
    EXPECT_FALSE(result);
    proxy->send(std::string_view(&c, 1));
    loop.run_for(std::chrono::microseconds(100));
  }
  ASSERT_TRUE(proxy->got(25));
  EXPECT_EQ(proxy->take(), "\5\1\0\5\1\0\4\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1\xbb"s);
  expect_connection();
}

TEST_F(ProxyHandshakeTest, TellsSocksRefusalsApart) {
  const std::vector<std::pair<std::string, ErrorCode>> cases = {
      {"\5\xff"s, ErrorCode::kUnauthenticated},
      {"\5\2"s, ErrorCode::kUnauthenticated},  // not offered
      {"\4\0"s, ErrorCode::kProtocol},
      {"HTTP/1.1 400 Bad Request\r\n", ErrorCode::kProtocol},
      {"\5\0\5\2\0\1"s, ErrorCode::kForbidden},
      {"\5\0\5\5\0\1"s, ErrorCode::kUnreachable},
      {"\5\0\5\x63\0\1"s, ErrorCode::kUnreachable},
      {"\5\0\5\0\0\x09\0\0\0\0\0\0"s, ErrorCode::kProtocol},
  };
  for (const auto& [answer, code] : cases) {
    auto pair = connect_tcp(loop);
    near = std::move(pair.client);
    proxy.emplace(loop, std::move(pair.server));
    result.reset();
    begin_socks();
    proxy->send(answer);
    EXPECT_EQ(failure(), code) << answer;
  }
}

TEST_F(ProxyHandshakeTest, MayBeDestroyedBeforeItIsDone) {
  begin();
  loop.run_for(milliseconds(2));
  handshake.reset();
  EXPECT_TRUE(proxy->saw_end());
  EXPECT_FALSE(result);
}

}  // namespace
}  // namespace ferry::net::testing
