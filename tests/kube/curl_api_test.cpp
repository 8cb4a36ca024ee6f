#include "kube/curl_api.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "kube/follow.h"
#include "kube/problems.h"
#include "net/certificate.h"
#include "tests/kube/fixture.h"
#include "tests/kube/temp_dir.h"
#include "tests/kube/test_proxy.h"
#include "tests/kube/test_server.h"

namespace ferry::kube {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

constexpr const char* kPods1 = "/api/v1/namespaces/demo/pods";

std::optional<Reply> ok(const std::string& body = "{}") { return Reply{.body = body}; }

Reply status_reply(int code, const std::string& reason, const std::string& message) {
  return {code,
          Json{{"kind", "Status"}, {"code", code}, {"reason", reason}, {"message", message}}.dump(),
          {}};
}

class CurlApiTest : public testing::Test {
 protected:
  CurlApiTest() {
    options_.backoff_first = milliseconds(1);
    options_.backoff_limit = milliseconds(3);
    config_.server.tls = false;
    config_.server.address.host = "127.0.0.1";
    config_.user_name = "jane";
    config_.user.token = "t0ken";
  }

  HttpServer& serve(HttpServer::Responder responder, const std::optional<ServerTls>& tls = {}) {
    server_ = std::make_unique<HttpServer>(std::move(responder), tls);
    config_.server.address.port = server_->port();
    return *server_;
  }
  CurlApi& api() {
    if (!api_) {
      credentials_ = std::make_shared<Credentials>(config_);
      api_ = std::make_unique<CurlApi>(credentials_, options_);
    }
    return *api_;
  }
  Result<Json> ask(const std::string& method = "GET") {
    return api().request({.method = method, .path = kPods1}, cancel_);
  }

  ClusterConfig config_;
  CurlApiOptions options_;
  CancelToken cancel_;
  std::unique_ptr<HttpServer> server_;
  std::shared_ptr<Credentials> credentials_;
  std::unique_ptr<CurlApi> api_;
};

TEST_F(CurlApiTest, AsksWithMethodPathQueryHeadersAndBody) {
  auto& server = serve([](const auto&, auto&) { return ok(R"({"kind":"Pod"})"); });
  config_.server.path_prefix = "/k8s/c-1";
  config_.user.impersonation = {"joe", "", {"dev", "ops"}, {}};
  Request request{.method = "PATCH", .path = kPods1, .body = {{"a", 1}}};
  request.content_type = "application/merge-patch+json";
  request.query = {{"labelSelector", "a=b,c in (d)"}, {"dryRun", "All"}};
  const auto answer = api().request(request, cancel_);
  ASSERT_TRUE(answer) << answer.error().summary();
  EXPECT_EQ((*answer)["kind"], "Pod");
  const auto asked = server.requests().at(0);
  EXPECT_EQ(asked.method, "PATCH");
  EXPECT_EQ(asked.target, std::string("/k8s/c-1") + kPods1 +
                              "?labelSelector=a%3Db%2Cc%20in%20%28d%29&dryRun=All");
  EXPECT_EQ(asked.header("authorization"), "Bearer t0ken");
  EXPECT_EQ(asked.header("content-type"), "application/merge-patch+json");
  EXPECT_EQ(asked.header("accept"), "application/json");
  EXPECT_THAT(asked.header("user-agent"), HasSubstr("ferry/"));
  EXPECT_EQ(asked.header("impersonate-user"), "joe");
  EXPECT_EQ(asked.header("impersonate-group"), "dev, ops");
  EXPECT_EQ(asked.header("expect"), "");
  EXPECT_EQ(asked.body, R"({"a":1})");
}

TEST_F(CurlApiTest, AnEmptyAnswerIsNull) {
  serve([](const auto&, auto&) { return ok(""); });
  EXPECT_TRUE(ask("DELETE")->is_null());
}

TEST_F(CurlApiTest, KeepsItsConnection) {
  auto& server = serve([](const auto&, auto&) { return ok(); });
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(ask());
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(CurlApiTest, ServesSeveralThreadsAtOnce) {
  std::promise<void> all_there;
  std::atomic<int> waiting = 0;
  serve([&](const auto&, auto&) {
    if (++waiting == 4) all_there.set_value();
    return ok();
  });
  api();
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { good += ask().has_value(); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 4);
}

TEST_F(CurlApiTest, ARefusalKeepsTheServersWords) {
  serve([](const auto&, auto&) { return status_reply(404, "NotFound", "pods \"x\" not found"); });
  const auto answer = ask();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(answer.error().what, "listing pods in namespace demo");
  EXPECT_EQ(answer.error().why, "pods \"x\" not found");
}

TEST_F(CurlApiTest, AnAnswerThatIsNotJsonIsABreachOfTheProtocol) {
  serve([](const auto&, auto&) { return ok("<html>login</html>"); });
  EXPECT_EQ(ask().error().code, ErrorCode::kProtocol);
}

TEST_F(CurlApiTest, ARedirectIsNotFollowed) {
  auto& server = serve([](const auto&, auto&) {
    return Reply{302, "", {"Location: http://127.0.0.1:1/login"}};
  });
  EXPECT_THAT(ask().error().why, HasSubstr("a redirect"));
  EXPECT_EQ(server.requests().size(), 1U);
}

// Retries.

TEST_F(CurlApiTest, ServerErrorsAreTriedAgainWhereThatIsHarmless) {
  for (const auto* method : {"GET", "PUT", "DELETE", "PATCH"}) {
    std::atomic<int> calls = 0;
    serve([&](const auto&, auto&) {
      return ++calls < 3 ? std::optional(Reply{503, "", {}}) : ok();
    });
    api_.reset();
    EXPECT_TRUE(ask(method)) << method;
    EXPECT_EQ(calls, 3);
  }
}

TEST_F(CurlApiTest, APostIsNotTriedAgainAfterAServerError) {
  auto& server = serve([](const auto&, auto&) { return Reply{500, "boom", {}}; });
  const auto answer = ask("POST");
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(answer.error().why, "HTTP 500: boom");
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(CurlApiTest, TooManyRequestsIsTriedAgainAlsoForAPost) {
  std::atomic<int> calls = 0;
  serve([&](const auto&, auto&) {
    return ++calls < 2 ? std::optional(Reply{429, "", {"Retry-After: 1"}}) : ok();
  });
  EXPECT_TRUE(ask("POST"));
  EXPECT_EQ(calls, 2);
}

TEST_F(CurlApiTest, RetryAfterIsHeeded) {
  options_.backoff_limit = hours(1);
  std::atomic<int> calls = 0;
  serve([&](const auto&, auto&) {
    return ++calls < 2 ? std::optional(Reply{429, "", {"Retry-After: 1"}}) : ok();
  });
  const auto begin = Clock::now();
  EXPECT_TRUE(ask());
  EXPECT_GE(Clock::now() - begin, std::chrono::seconds(1));
}

TEST_F(CurlApiTest, AttemptsAreCounted) {
  options_.attempts = 3;
  auto& server = serve([](const auto&, auto&) { return status_reply(503, "", "starting"); });
  EXPECT_EQ(ask().error().why, "starting");
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(CurlApiTest, ACutConnectionIsTriedAgainWhereThatIsHarmless) {
  std::atomic<int> calls = 0;
  serve([&](const auto&, Connection& connection) -> std::optional<Reply> {
    if (++calls > 1) return ok();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
    return std::nullopt;
  });
  EXPECT_TRUE(ask());
  calls = 0;
  EXPECT_EQ(ask("POST").error().code, ErrorCode::kReset);
  EXPECT_EQ(calls, 1);
}

TEST_F(CurlApiTest, A401LeadsToOneRefreshAndOneMoreTry) {
  const TempDir files;
  config_.user.token.clear();
  config_.user.token_file = files.write("token", "old");
  auto& server = serve([&](const HttpMessage& request, auto&) {
    if (request.header("authorization") == "Bearer new") return *ok();
    files.write("token", "new");
    return status_reply(401, "Unauthorized", "Unauthorized");
  });
  EXPECT_TRUE(ask());
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(CurlApiTest, A401ThatStaysIsReported) {
  auto& server =
      serve([](const auto&, auto&) { return status_reply(401, "Unauthorized", "Unauthorized"); });
  const auto answer = ask();
  EXPECT_EQ(answer.error().code, ErrorCode::kUnauthenticated);
  EXPECT_THAT(answer.error().fix, HasSubstr("'jane'"));
  EXPECT_EQ(server.requests().size(), 1U);  // a fixed token has nothing to refresh
}

// No answer.

TEST_F(CurlApiTest, ARefusedConnectionHasTheKernelsWordsAndTheAddress) {
  serve([](const auto&, auto&) { return ok(); });
  server_.reset();
  const auto answer = ask();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnreachable);
  EXPECT_EQ(answer.error().what, "listing pods in namespace demo");
  EXPECT_THAT(answer.error().why, HasSubstr("Connection refused"));
  EXPECT_THAT(answer.error().fix, HasSubstr(to_string(config_.server)));
}

TEST_F(CurlApiTest, AServerThatIsBackIsFoundAgain) {
  auto& first = serve([](const auto&, auto&) { return ok(); });
  ASSERT_TRUE(ask());
  const auto port = first.port();
  server_.reset();
  const TestServer second(
      [](Connection& connection) {
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
      },
      {}, port);
  EXPECT_TRUE(ask());
}

TEST_F(CurlApiTest, ANameThatDoesNotExistIsUnreachable) {
  config_.server.address = {"no-such-host.invalid", 6443};
  options_.attempts = 1;
  const auto answer = ask();
  EXPECT_EQ(answer.error().code, ErrorCode::kUnreachable);
  EXPECT_THAT(answer.error().why, HasSubstr("no-such-host.invalid"));
}

TEST_F(CurlApiTest, ASilentServerTimesOut) {
  options_.request_timeout = milliseconds(50);
  options_.attempts = 2;
  auto& server = serve([](const auto&, Connection& connection) -> std::optional<Reply> {
    connection.read_some();  // until the client goes
    return std::nullopt;
  });
  const auto answer = ask();
  EXPECT_EQ(answer.error().code, ErrorCode::kTimedOut);
  EXPECT_EQ(server.requests().size(), 2U);
}

// Cancelling. The machine may be busy, hence the best of three.

TEST_F(CurlApiTest, CancellingEndsARequestWithinATenthOfASecond) {
  auto best = Clock::duration::max();
  for (int i = 0; i < 3; ++i) {
    std::promise<void> asked;
    serve([&](const auto&, Connection& connection) -> std::optional<Reply> {
      asked.set_value();
      connection.read_some();
      return std::nullopt;
    });
    api_.reset();
    api();
    CancelToken cancel;
    auto answer =
        std::async(std::launch::async, [&] { return api().request({.path = kPods1}, cancel); });
    asked.get_future().wait();
    const auto begin = Clock::now();
    cancel.cancel();
    EXPECT_EQ(answer.get().error().code, ErrorCode::kCancelled);
    best = std::min(best, Clock::now() - begin);
  }
  EXPECT_LT(best, milliseconds(100));
}

TEST_F(CurlApiTest, CancellingEndsTheWaitBetweenTwoAttempts) {
  options_.backoff_first = hours(1);
  options_.backoff_limit = hours(1);
  std::promise<void> asked;
  serve([&](const auto&, auto&) {
    asked.set_value();
    return Reply{503, "", {}};
  });
  api();
  auto answer = std::async(std::launch::async, [&] { return ask(); });
  asked.get_future().wait();
  cancel_.cancel();
  EXPECT_EQ(answer.get().error().code, ErrorCode::kCancelled);
}

TEST_F(CurlApiTest, CancellingEndsAStream) {
  serve([](const auto&, Connection& connection) -> std::optional<Reply> {
    connection.write(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nline\r\n1\r\n\n\r\n");
    connection.read_some();
    return std::nullopt;
  });
  std::vector<std::string> lines;
  const auto status = api().stream(
      {.path = kPods1},
      [&](std::string_view line) {
        lines.emplace_back(line);
        cancel_.cancel();
        return true;
      },
      cancel_);
  EXPECT_EQ(status.error().code, ErrorCode::kCancelled);
  EXPECT_THAT(lines, ElementsAre("line"));
}

// Streams.

TEST_F(CurlApiTest, AStreamIsCutIntoLinesWhereverItsPiecesEnd) {
  serve([](const auto&, auto&) { return ok("one\n\ntwo\nlast without an end"); });
  std::vector<std::string> lines;
  ASSERT_TRUE(api().stream(
      {.path = kPods1},
      [&](std::string_view line) {
        lines.emplace_back(line);
        return true;
      },
      cancel_));
  EXPECT_THAT(lines, ElementsAre("one", "", "two", "last without an end"));
}

TEST_F(CurlApiTest, AStreamEndsWhenItsReaderHasEnough) {
  serve([](const auto&, Connection& connection) -> std::optional<Reply> {
    connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\na\nb\nc\n\r\n");
    connection.read_some();
    return std::nullopt;
  });
  int lines = 0;
  EXPECT_TRUE(api().stream(
      {.path = kPods1}, [&](std::string_view) { return ++lines < 2; }, cancel_));
  EXPECT_EQ(lines, 2);
}

TEST_F(CurlApiTest, AStreamThatIsCutIsAnError) {
  serve([](const auto&, Connection& connection) -> std::optional<Reply> {
    connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf");
    return std::nullopt;
  });
  const auto status = api().stream(
      {.path = kPods1}, [](std::string_view) { return true; }, cancel_);
  EXPECT_EQ(status.error().code, ErrorCode::kReset);
}

TEST_F(CurlApiTest, ARefusedStreamKeepsTheServersWords) {
  serve([](const auto&, auto&) { return status_reply(403, "Forbidden", "pods is forbidden"); });
  int lines = 0;
  const auto status = api().stream(
      {.path = kPods1, .query = {{"watch", "true"}}}, [&](std::string_view) { return ++lines > 0; },
      cancel_);
  EXPECT_EQ(status.error().code, ErrorCode::kForbidden);
  EXPECT_EQ(status.error().what, "watching pods in namespace demo");
  EXPECT_EQ(lines, 0);
}

TEST_F(CurlApiTest, FollowingGoesOnFromTheLastBookmarkAndListsAgainAfterA410) {
  std::atomic<int> watches = 0;
  auto& server = serve([&](const HttpMessage& request, auto&) -> std::optional<Reply> {
    if (request.target.find("watch=true") == std::string::npos) {
      return ok(R"({"metadata":{"resourceVersion":"10"},"items":[{"metadata":{"name":"a"}}]})");
    }
    switch (++watches) {
      case 1: return ok(R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"20"}}})");
      case 2: return ok(fixture_body("error-gone").dump());
      default:
        return ok(R"({"type":"ADDED","object":{"metadata":{"name":"b","resourceVersion":"30"}}})");
    }
  });
  std::vector<Error> troubles;
  follow(api(), {kPods, "demo", {}},
         {[&](const Objects& objects) {
            if (objects.contains("b")) cancel_.cancel();
          },
          [&](const Error& error) { troubles.push_back(error); }},
         cancel_, {milliseconds(1), milliseconds(2)});
  std::vector<std::string> asked;
  for (const auto& request : server.requests()) {
    const auto at = request.target.find("resourceVersion=");
    asked.push_back(at == std::string::npos ? "list" : request.target.substr(at + 16, 2));
  }
  EXPECT_THAT(asked, ElementsAre("list", "10", "20", "list", "10"));
  EXPECT_TRUE(troubles.empty());
}

// TLS.

class CurlApiTlsTest : public CurlApiTest {
 protected:
  CurlApiTlsTest() {
    authority_ = make_authority("ferry-test-ca");
    config_.server.tls = true;
    config_.ca_pem = authority_.certificate_pem;
    options_.attempts = 1;
  }

  static net::WallTime in_hours(int n) { return std::chrono::system_clock::now() + hours(n); }
  static net::Identity make_authority(const std::string& name) {
    return *net::make_authority(
        {.common_name = name, .names = {}, .not_before = in_hours(-48), .not_after = in_hours(48)});
  }
  net::Identity make(const std::string& name, net::CertificateUse use, int until = 24) const {
    return *net::make_certificate({.common_name = name,
                                   .names = {name},
                                   .not_before = in_hours(-24),
                                   .not_after = in_hours(until),
                                   .use = use},
                                  authority_);
  }
  ServerTls server_tls(const std::string& name, int until = 24) const {
    const auto identity = make(name, net::CertificateUse::kServer, until);
    return {identity.certificate_pem, identity.key_pem, {}};
  }

  net::Identity authority_;
};

TEST_F(CurlApiTlsTest, AServerWithACertificateOfTheClustersAuthorityIsTrusted) {
  serve([](const auto&, auto&) { return ok(); }, server_tls("127.0.0.1"));
  const auto answer = ask();
  EXPECT_TRUE(answer) << answer.error().summary();
}

TEST_F(CurlApiTlsTest, AServerOfAnotherAuthorityIsNot) {
  serve([](const auto&, auto&) { return ok(); }, server_tls("127.0.0.1"));
  config_.ca_pem = make_authority("another").certificate_pem;
  const auto answer = ask();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnreachable);
  EXPECT_THAT(answer.error().why, HasSubstr("certificate"));
  EXPECT_THAT(answer.error().fix, HasSubstr("certificate-authority"));
}

TEST_F(CurlApiTlsTest, AnExpiredServerCertificateIsToldAsSuch) {
  serve([](const auto&, auto&) { return ok(); }, server_tls("127.0.0.1", -1));
  const auto answer = ask();
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().why, HasSubstr("certificate has expired"));
  EXPECT_THAT(answer.error().fix, HasSubstr("renew"));
}

TEST_F(CurlApiTlsTest, TlsServerNameIsWhatIsVerifiedAndSent) {
  std::string sni;
  auto& server = serve(
      [&](const auto&, Connection& connection) {
        sni = connection.server_name();
        return ok();
      },
      server_tls("kube.internal"));
  EXPECT_FALSE(ask());
  api_.reset();
  config_.tls_server_name = "kube.internal";
  const auto answer = ask();
  ASSERT_TRUE(answer) << answer.error().summary();
  EXPECT_EQ(sni, "kube.internal");
  EXPECT_EQ(server.requests().at(0).header("host"), "127.0.0.1:" + std::to_string(server.port()));
}

TEST_F(CurlApiTlsTest, SkippingVerificationTakesAnything) {
  serve([](const auto&, auto&) { return ok(); }, server_tls("someone.else", -1));
  config_.ca_pem.clear();
  config_.insecure_skip_tls_verify = true;
  const auto answer = ask();
  EXPECT_TRUE(answer) << answer.error().summary();
}

TEST_F(CurlApiTlsTest, TheClientCertificateIsShown) {
  auto tls = server_tls("127.0.0.1");
  tls.client_ca_pem = authority_.certificate_pem;
  std::string client;
  serve(
      [&](const auto&, Connection& connection) {
        client = connection.client_common_name();
        return ok();
      },
      tls);
  const auto jane = make("jane", net::CertificateUse::kClient);
  config_.user = {};
  config_.user.client_certificate.data = jane.certificate_pem;
  config_.user.client_key.data = jane.key_pem;
  const auto answer = ask();
  ASSERT_TRUE(answer) << answer.error().summary();
  EXPECT_EQ(client, "jane");
}

TEST_F(CurlApiTlsTest, AnExpiredClientCertificateIsNotEvenSent) {
  auto& server = serve([](const auto&, auto&) { return ok(); }, server_tls("127.0.0.1"));
  const auto jane = make("jane", net::CertificateUse::kClient, -1);
  config_.user.client_certificate.data = jane.certificate_pem;
  config_.user.client_key.data = jane.key_pem;
  const auto answer = ask();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnauthenticated);
  EXPECT_THAT(answer.error().what, HasSubstr("using the client certificate of user 'jane'"));
  EXPECT_THAT(answer.error().why, HasSubstr("it expired on"));
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(CurlApiTlsTest, PlainHttpWhereTlsIsExpectedIsAnError) {
  const TestServer server([](Connection& connection) {
    connection.read_some();
    connection.write("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  config_.server.address.port = server.port();
  const auto answer = ask();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnreachable);
  EXPECT_THAT(answer.error().fix, HasSubstr("speaks TLS"));
}

// Nothing of the request was sent yet.
TEST_F(CurlApiTlsTest, AHandshakeThatIsCutIsTriedAgainAlsoForAPost) {
  options_.attempts = 3;
  std::atomic<int> connections = 0;
  const TestServer server([&](Connection& connection) {
    ++connections;
    connection.read_some();
    connection.reset_on_close();
  });
  config_.server.address.port = server.port();
  const auto answer = ask("POST");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().id, problem::kApiUnreachable.id) << answer.error().summary();
  EXPECT_EQ(connections, 3);
}

// Proxies.

class CurlApiProxyTest : public CurlApiTlsTest {
 protected:
  CurlApiProxyTest() {
    serve([](const auto&, auto&) { return ok(); }, server_tls("api.example"));
    config_.server.address = {"api.example", 6443};  // only the proxy finds it
  }

  void use(ProxyUrl::Kind kind, const TestProxy& proxy) {
    config_.proxy = ProxyUrl{kind, {"127.0.0.1", proxy.port()}, "me", "s@crt"};
  }
};

TEST_F(CurlApiProxyTest, HttpIsAskedToConnectAndSeesNoToken) {
  const TestProxy proxy(TestProxy::Kind::kConnect, server_->port(), "me:s@crt");
  use(ProxyUrl::Kind::kHttp, proxy);
  const auto answer = ask();
  ASSERT_TRUE(answer) << answer.error().summary();
  EXPECT_THAT(proxy.targets(), ElementsAre("api.example:6443"));
  EXPECT_EQ(proxy.connects().at(0).header("authorization"), "");
  EXPECT_EQ(server_->requests().at(0).header("authorization"), "Bearer t0ken");
}

TEST_F(CurlApiProxyTest, HttpsIsReachedOverTls) {
  const TestProxy proxy(TestProxy::Kind::kConnect, server_->port(), "me:s@crt",
                        server_tls("127.0.0.1"));
  use(ProxyUrl::Kind::kHttps, proxy);
  const auto answer = ask();
  ASSERT_TRUE(answer) << answer.error().summary();
  EXPECT_THAT(proxy.targets(), ElementsAre("api.example:6443"));
}

TEST_F(CurlApiProxyTest, Socks5ResolvesTheName) {
  const TestProxy proxy(TestProxy::Kind::kSocks5, server_->port(), "me:s@crt");
  use(ProxyUrl::Kind::kSocks5, proxy);
  const auto answer = ask();
  ASSERT_TRUE(answer) << answer.error().summary();
  EXPECT_THAT(proxy.targets(), ElementsAre("api.example:6443"));
}

TEST_F(CurlApiProxyTest, TlsServerNameGoesThroughAProxyToTheRealHost) {
  const TestProxy proxy(TestProxy::Kind::kConnect, server_->port());
  use(ProxyUrl::Kind::kHttp, proxy);
  config_.server.address.host = "10.0.0.1";
  config_.tls_server_name = "api.example";
  const auto answer = ask();
  ASSERT_TRUE(answer) << answer.error().summary();
  EXPECT_THAT(proxy.targets(), ElementsAre("10.0.0.1:6443"));
}

TEST_F(CurlApiProxyTest, AWrongLoginIsToldAsTheProxys) {
  const TestProxy proxy(TestProxy::Kind::kConnect, server_->port(), "me:other");
  use(ProxyUrl::Kind::kHttp, proxy);
  const auto answer = ask();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnauthenticated);
  EXPECT_THAT(answer.error().why, HasSubstr("answered 407 to CONNECT"));
  EXPECT_THAT(answer.error().summary(), testing::Not(HasSubstr("s@crt")));
}

TEST_F(CurlApiProxyTest, AProxyThatIsGoneIsNamed) {
  {
    const TestProxy proxy(TestProxy::Kind::kConnect, server_->port());
    use(ProxyUrl::Kind::kHttp, proxy);
  }
  const auto answer = ask();
  EXPECT_EQ(answer.error().code, ErrorCode::kUnreachable);
  EXPECT_THAT(answer.error().fix, HasSubstr("the proxy http://127.0.0.1:"));
}

}  // namespace
}  // namespace ferry::kube
