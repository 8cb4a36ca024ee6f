// The rules' source:
// https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#http-probes
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/probe/probe_runner.h"
#include "net/certificate.h"
#include "tests/kube/test_server.h"

namespace ferry::daemon {
namespace {

using kube::Connection;
using kube::HttpMessage;
using kube::HttpServer;
using kube::Reply;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::uint16_t kHttpPort = 80;

class HttpCheckTest : public ::testing::Test {
 protected:
  void serve(HttpServer::Responder responder, const std::optional<kube::ServerTls>& tls = {}) {
    server_.emplace(std::move(responder), tls);
    surroundings_.ports = {{kHttpPort, server_->port()}};
  }
  void answer(const Reply& reply) {
    serve([reply](const HttpMessage&, Connection&) { return reply; });
  }
  ProbeOutcome run() { return run_probe({{.timeout = timeout_}, action_}, surroundings_, cancel_); }
  HttpMessage last_request() {
    const auto requests = server_->requests();
    return requests.empty() ? HttpMessage{} : requests.back();
  }
  std::string local(const std::string& path) {
    return "http://localhost:" + std::to_string(server_->port()) + path;
  }

  HttpGetAction action_{.port = {.number = kHttpPort}, .path = "/healthz?full=1"};
  Duration timeout_ = seconds(20);
  ProbeSurroundings surroundings_;
  kube::CancelToken cancel_;
  std::optional<HttpServer> server_;
};

// "Any code greater than or equal to 200 and less than 400 indicates success. Any other code
// indicates failure."
TEST_F(HttpCheckTest, StatusDecides) {
  for (const auto& [status, verdict] :
       std::vector<std::pair<int, ProbeVerdict>>{{200, ProbeVerdict::kSuccess},
                                                 {204, ProbeVerdict::kSuccess},
                                                 {304, ProbeVerdict::kWarning},
                                                 {400, ProbeVerdict::kFailure},
                                                 {404, ProbeVerdict::kFailure},
                                                 {500, ProbeVerdict::kFailure}}) {
    answer({.status = status});
    EXPECT_EQ(run().verdict, verdict) << status;
  }
}

TEST_F(HttpCheckTest, AFailureSaysTheStatusAsTheKubeletDoesAndNoneOfTheBody) {
  answer({.status = 503, .body = "secret"});
  EXPECT_EQ(run().output, "HTTP probe failed with statuscode: 503");
}

// "the kubelet sends two request headers in addition to the mandatory Host header: User-Agent: The
// default value is kube-probe/1.33 ...; Accept: The default value is */*."
TEST_F(HttpCheckTest, SendsTheHeadersOfTheKubelet) {
  answer({});
  surroundings_.kubernetes_version = "1.29";
  ASSERT_EQ(run().verdict, ProbeVerdict::kSuccess);
  const auto request = last_request();
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/healthz?full=1");
  EXPECT_EQ(request.header("user-agent"), "kube-probe/1.29");
  EXPECT_EQ(request.header("accept"), "*/*");
  EXPECT_EQ(request.header("connection"), "close");
  EXPECT_EQ(request.header("host"), "localhost:" + std::to_string(server_->port()));
  EXPECT_EQ(request.header("accept-encoding"), "");
}

// "You can override the default headers by defining httpHeaders for the probe."
TEST_F(HttpCheckTest, SendsTheProbesOwnHeaders) {
  answer({});
  action_.headers = {{"host", "shop.example"}, {"Accept", "text/plain"}, {"user-agent", "me"},
                     {"X-Twice", "1"},         {"X-Twice", "2"},         {"X-Empty", ""}};
  ASSERT_EQ(run().verdict, ProbeVerdict::kSuccess);
  const auto request = last_request();
  EXPECT_EQ(request.header("host"), "shop.example");
  EXPECT_EQ(request.header("accept"), "text/plain");
  EXPECT_EQ(request.header("user-agent"), "me");
  EXPECT_EQ(request.header("x-twice"), "1, 2");
  EXPECT_TRUE(std::any_of(request.headers.begin(), request.headers.end(),
                          [](const auto& header) { return header.first == "x-empty"; }));
}

// "You can also remove these two headers by defining them with an empty value."
TEST_F(HttpCheckTest, AnEmptyValueTakesTheDefaultHeadersOut) {
  answer({});
  action_.headers = {{"Accept", ""}, {"User-Agent", ""}};
  ASSERT_EQ(run().verdict, ProbeVerdict::kSuccess);
  for (const auto& [name, value] : last_request().headers) {
    EXPECT_NE(name, "accept");
    EXPECT_NE(name, "user-agent");
  }
}

TEST_F(HttpCheckTest, AHeaderThatWouldSmuggleAnotherIsAFailure) {
  answer({});
  action_.headers = {{"X", "a\r\nY: b"}};
  EXPECT_EQ(run().verdict, ProbeVerdict::kFailure);
  EXPECT_EQ(server_->connections(), 0);
}

TEST_F(HttpCheckTest, PathsGoFromTheRootAndInWhatUrlsAllow) {
  answer({});
  for (const auto& [path, target] :
       std::vector<std::pair<std::string, std::string>>{{"healthz", "/healthz"},
                                                        {"/a b\"c#frag", "/a%20b%22c"},
                                                        {"/../x/./%41", "/../x/./%41"},
                                                        {"/?q={1}", "/?q=%7B1%7D"}}) {
    action_.path = path;
    EXPECT_EQ(run().verdict, ProbeVerdict::kSuccess);
    EXPECT_EQ(last_request().target, target);
  }
}

// "If scheme field is set to HTTPS, the kubelet sends an HTTPS request skipping the certificate
// verification."
TEST_F(HttpCheckTest, HttpsDoesNotVerify) {
  const auto now = std::chrono::system_clock::now();
  const net::CertificateSpec spec{.common_name = "somebody else",
                                  .names = {"elsewhere.example"},
                                  .not_before = now - std::chrono::hours(48),
                                  .not_after = now - std::chrono::hours(24)};
  const auto authority = net::make_authority(spec);
  ASSERT_TRUE(authority);
  const auto identity = net::make_certificate(spec, *authority);
  ASSERT_TRUE(identity);
  serve([](const HttpMessage&, Connection&) { return Reply{}; },
        kube::ServerTls{identity->certificate_pem, identity->key_pem, {}});
  action_.tls = true;
  const auto outcome = run();
  EXPECT_EQ(outcome.verdict, ProbeVerdict::kSuccess) << outcome.output;
}

// "it only follows redirects if the redirect is to the same host."
TEST_F(HttpCheckTest, FollowsRedirectsOnTheSameHost) {
  for (const int status : {301, 302, 303, 307, 308}) {
    serve([status](const HttpMessage& request, Connection&) {
      if (request.target == "/final") return Reply{.status = 500};
      return Reply{.status = status, .headers = {"Location: /final"}};
    });
    EXPECT_EQ(run().output, "HTTP probe failed with statuscode: 500") << status;
    EXPECT_EQ(last_request().method, "GET");
  }
}

TEST_F(HttpCheckTest, RedirectsToTheContainersOwnPortsGoToTheLocalOnes) {
  HttpServer other([](const HttpMessage&, Connection&) { return Reply{.status = 418}; });
  for (const char* host : {"localhost", "127.0.0.1"}) {
    answer({.status = 302, .headers = {"Location: http://" + std::string(host) + ":9090/there"}});
    surroundings_.ports[9090] = other.port();
    EXPECT_EQ(run().output, "HTTP probe failed with statuscode: 418");
    EXPECT_EQ(other.requests().back().target, "/there");
  }
}

TEST_F(HttpCheckTest, TheProbesHostGoesAlongWithARelativeRedirectAlone) {
  action_.headers = {{"Host", "shop.example"}};
  serve([this](const HttpMessage& request, Connection&) {
    if (request.target == "/third") return Reply{};
    const std::string next = request.target == "/second" ? local("/third") : "/second";
    return Reply{.status = 302, .headers = {"Location: " + next}};
  });
  ASSERT_EQ(run().verdict, ProbeVerdict::kSuccess);
  const auto requests = server_->requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[1].header("host"), "shop.example");
  EXPECT_THAT(requests[2].header("host"), StartsWith("localhost:"));
}

// "If the kubelet receives a redirect where the hostname is different from the request, the outcome
// of the probe is treated as successful and kubelet creates an event to report the redirect
// failure."
TEST_F(HttpCheckTest, ARedirectElsewhereIsASuccessWithAWarning) {
  for (const char* location :
       {"http://elsewhere.example/", "//elsewhere.example/", "ftp://localhost/"}) {
    answer({.status = 302, .body = "bye", .headers = {std::string("Location: ") + location}});
    const auto outcome = run();
    EXPECT_EQ(outcome.verdict, ProbeVerdict::kWarning);
    EXPECT_EQ(outcome.output, "Probe terminated redirects, Response body: bye");
    EXPECT_EQ(server_->requests().size(), 1U);
  }
}

// "If the kubelet receives 11 or more redirects during probing, the probe is considered successful
// and a related Event is created"
TEST_F(HttpCheckTest, TheEleventhRedirectIsASuccessWithAWarning) {
  int redirects = 10;
  serve([&redirects](const HttpMessage&, Connection&) {
    if (redirects-- == 0) return Reply{};
    return Reply{.status = 302, .headers = {"Location: /again"}};
  });
  EXPECT_EQ(run().verdict, ProbeVerdict::kSuccess);
  EXPECT_EQ(server_->requests().size(), 11U);
  redirects = 11;
  EXPECT_EQ(run().verdict, ProbeVerdict::kWarning);
  EXPECT_EQ(server_->requests().size(), 22U);
}

TEST_F(HttpCheckTest, OfALongBodyNoMoreThanTheKubeletsTenKibibytesAreRead) {
  bool all_taken = false;
  serve([&all_taken](const HttpMessage&, Connection& connection) -> std::optional<Reply> {
    connection.write("HTTP/1.1 300 Many\r\n\r\n");
    while (connection.write(std::string(65536, 'x'))) continue;
    all_taken = true;
    return {};
  });
  const auto outcome = run();
  EXPECT_EQ(outcome.verdict, ProbeVerdict::kWarning);
  EXPECT_LE(outcome.output.size(), 10U * 1024 + 100);
  server_.reset();
  EXPECT_TRUE(all_taken) << "the connection ended";
}

TEST_F(HttpCheckTest, ABodyThatBreaksOffIsUnknown) {
  serve([](const HttpMessage&, Connection& connection) -> std::optional<Reply> {
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    return {};
  });
  EXPECT_EQ(run().verdict, ProbeVerdict::kUnknown);
}

TEST_F(HttpCheckTest, NothingThatListensIsAFailure) {
  answer({});
  const std::string address = "localhost:" + std::to_string(server_->port());
  server_.reset();
  const auto outcome = run();
  EXPECT_EQ(outcome.verdict, ProbeVerdict::kFailure);
  EXPECT_EQ(outcome.output, "Get \"http://" + address + "/healthz?full=1\": dial tcp " + address +
                                ": connect: connection refused");
}

TEST_F(HttpCheckTest, AnAnswerThatDoesNotComeInTimeIsAFailure) {
  serve([](const HttpMessage&, Connection& connection) -> std::optional<Reply> {
    connection.read_some();  // until the probe gives up
    return {};
  });
  timeout_ = milliseconds(50);
  const auto outcome = run();
  EXPECT_EQ(outcome.verdict, ProbeVerdict::kFailure);
  EXPECT_THAT(outcome.output, HasSubstr("context deadline exceeded (Client.Timeout exceeded"));
}

TEST_F(HttpCheckTest, AConnectionThatEndsWithoutAnAnswerIsAFailure) {
  serve([](const HttpMessage&, Connection&) { return std::optional<Reply>(); });
  const auto outcome = run();
  EXPECT_EQ(outcome.verdict, ProbeVerdict::kFailure);
  EXPECT_THAT(outcome.output, HasSubstr("\": EOF"));
}

// The field host: "Host name to connect to, defaults to the pod IP."
TEST_F(HttpCheckTest, AHostOfItsOwnIsProbedAsItIs) {
  answer({});
  action_.host = "127.0.0.1";
  action_.port.number = server_->port();
  surroundings_.ports = {{server_->port(), std::uint16_t{1}}};
  EXPECT_EQ(run().verdict, ProbeVerdict::kSuccess);
  EXPECT_THAT(last_request().header("host"), StartsWith("127.0.0.1:"));
}

TEST_F(HttpCheckTest, APortWithoutANumberIsUnknown) {
  action_.port = {.number = 0, .name = "web"};
  const auto outcome = run();
  EXPECT_EQ(outcome.verdict, ProbeVerdict::kUnknown);
  EXPECT_THAT(outcome.output, HasSubstr("web"));
}

TEST_F(HttpCheckTest, CancellingEndsIt) {
  serve([this](const HttpMessage&, Connection& connection) -> std::optional<Reply> {
    cancel_.cancel();
    connection.read_some();
    return {};
  });
  EXPECT_EQ(run().verdict, ProbeVerdict::kUnknown);
}

}  // namespace
}  // namespace ferry::daemon
