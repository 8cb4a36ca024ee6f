#include "kube/credentials.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <optional>
#include <thread>

#include "net/certificate.h"
#include "tests/kube/temp_dir.h"

namespace ferry::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class CredentialsTest : public testing::Test {
 protected:
  CredentialsTest() {
    config_.server.tls = false;
    config_.user_name = "jane";
    config_.environment = {{"PATH", "/usr/bin:/bin"}, {"FROM_USER", "yes"}};
    options_.wall_clock = [this] { return now_; };
    options_.on_plugin_output = [this](std::string_view text) { plugin_output_ += text; };
  }

  Credentials& credentials() {
    if (!credentials_) credentials_.emplace(config_, options_);
    return *credentials_;
  }
  Result<Credential> get() { return credentials().get(cancel_); }

  // A plugin that counts its runs in the file "runs" and prints the token "t<run>".
  void use_plugin(const std::string& extra_status = "", const std::string& body = "") {
    config_.user.exec.emplace();
    config_.user.exec->api_version = "client.authentication.k8s.io/v1";
    config_.user.exec->interactive = ExecPlugin::Interactive::kNever;
    config_.user.exec->command = files_.script(
        "plugin", "cd " + files_.path() + "\necho x >> runs\n" + body +
                      "\nn=$(wc -l < runs)\n"
                      "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":"
                      "\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"t'$n'\"" +
                      extra_status + "}}'\n");
  }
  long runs() const {
    const auto text = files_.read("runs");
    return std::count(text.begin(), text.end(), '\n');
  }

  TempDir files_;
  ClusterConfig config_;
  CredentialsOptions options_;
  CancelToken cancel_;
  std::int64_t now_ = 1'800'000'000;  // 2027-01-15 08:00:00 UTC
  std::string plugin_output_;
  std::optional<Credentials> credentials_;
};

TEST_F(CredentialsTest, ATokenIsABearer) {
  config_.user.token = "secret";
  EXPECT_EQ(get()->authorization, "Bearer secret");
}

TEST_F(CredentialsTest, UserNameAndPasswordAreBasic) {
  config_.user.username = "Aladdin";
  config_.user.password = "open sesame";
  EXPECT_EQ(get()->authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");  // RFC 7617, section 2
}

TEST_F(CredentialsTest, NobodySendsNothing) {
  EXPECT_EQ(get()->authorization, "");
  EXPECT_TRUE(get()->headers.empty());
}

TEST_F(CredentialsTest, ATokenWithALineBreakIsRefused) {
  config_.user.token = "a\r\nX-Injected: b";
  EXPECT_EQ(get().error().code, ErrorCode::kInvalid);
}

TEST_F(CredentialsTest, ImpersonationBecomesHeaders) {
  config_.user.token = "t";
  config_.user.impersonation = {"jane", "42", {"dev", "ops"}, {{"Acme/Reason", {"audit"}}}};
  EXPECT_THAT(get()->headers,
              ElementsAre(Pair("Impersonate-User", "jane"), Pair("Impersonate-Uid", "42"),
                          Pair("Impersonate-Group", "dev"), Pair("Impersonate-Group", "ops"),
                          Pair("Impersonate-Extra-acme%2Freason", "audit")));
}

TEST_F(CredentialsTest, AFixedTokenHasNothingToRefresh) {
  config_.user.token = "t";
  EXPECT_FALSE(credentials().reject(*get()));
}

// Files.

TEST_F(CredentialsTest, TokenFileIsReadAgainAfterAMinute) {
  config_.user.token_file = files_.write("token", "one\n");
  EXPECT_EQ(get()->authorization, "Bearer one");
  files_.write("token", "two\n");
  now_ += 59;
  EXPECT_EQ(get()->authorization, "Bearer one");
  now_ += 1;
  EXPECT_FALSE(credentials().cached());
  EXPECT_EQ(get()->authorization, "Bearer two");
  EXPECT_EQ(credentials().cached()->authorization, "Bearer two");
}

TEST_F(CredentialsTest, TokenFileIsReadAgainAfterA401) {
  config_.user.token_file = files_.write("token", "one");
  const auto first = get();
  files_.write("token", "two");
  EXPECT_TRUE(credentials().reject(*first));
  EXPECT_EQ(get()->authorization, "Bearer two");
}

TEST_F(CredentialsTest, TokenFileThatVanishesForAMomentChangesNothing) {
  config_.user.token_file = files_.write("token", "one");
  EXPECT_EQ(get()->authorization, "Bearer one");
  std::filesystem::remove(config_.user.token_file);
  now_ += 60;
  EXPECT_EQ(get()->authorization, "Bearer one");
}

TEST_F(CredentialsTest, TokenFileThatIsMissingOrEmptyIsAnError) {
  config_.user.token_file = files_.path("token");
  EXPECT_EQ(get().error().code, ErrorCode::kNotFound);
  files_.write("token", "\n");
  EXPECT_EQ(get().error().code, ErrorCode::kInvalid);
}

// Client certificates.

class ClientCertificateTest : public CredentialsTest {
 protected:
  ClientCertificateTest() { certificate_ = make("jane", now_ + 1000); }

  net::Identity make(const std::string& name, std::int64_t until) const {
    const auto at = [](std::int64_t seconds) {
      return net::WallTime(std::chrono::seconds(seconds));
    };
    return *net::make_authority(
        {.common_name = name, .names = {}, .not_before = at(until - 2000), .not_after = at(until)});
  }
  void use(const net::Identity& identity) {
    config_.user.client_certificate.data = identity.certificate_pem;
    config_.user.client_key.data = identity.key_pem;
  }

  net::Identity certificate_;
};

TEST_F(ClientCertificateTest, IsHandedOutWithItsKey) {
  use(certificate_);
  EXPECT_EQ(get()->certificate_pem, certificate_.certificate_pem);
  EXPECT_EQ(get()->key_pem, certificate_.key_pem);
}

TEST_F(ClientCertificateTest, ThatHasExpiredIsAnErrorThatSaysWhen) {
  use(certificate_);
  now_ = 1'800'000'000 + 1001;
  const auto error = get().error();
  EXPECT_EQ(error.code, ErrorCode::kUnauthenticated);
  EXPECT_THAT(error.what, HasSubstr("'jane'"));
  EXPECT_EQ(error.why, "it expired on 2027-01-15 08:16:40 UTC");
}

TEST_F(ClientCertificateTest, IsNoLongerUsedOnceItExpires) {
  use(certificate_);
  ASSERT_TRUE(get());
  now_ += 1001;
  EXPECT_FALSE(credentials().cached());
  EXPECT_EQ(get().error().code, ErrorCode::kUnauthenticated);
}

TEST_F(ClientCertificateTest, InAFileIsReadAgainWhenItIsRenewed) {
  config_.user.client_certificate.file = files_.write("crt", certificate_.certificate_pem);
  config_.user.client_key.file = files_.write("key", certificate_.key_pem);
  ASSERT_TRUE(get());
  const auto renewed = make("jane", now_ + 5000);
  files_.write("crt", renewed.certificate_pem);
  files_.write("key", renewed.key_pem);
  now_ += 60;
  EXPECT_EQ(get()->certificate_pem, renewed.certificate_pem);
}

TEST_F(ClientCertificateTest, WithAnotherKeyIsAnError) {
  use(certificate_);
  config_.user.client_key.data = make("joe", now_ + 1000).key_pem;
  EXPECT_THAT(get().error().why, HasSubstr("another certificate's"));
}

TEST_F(ClientCertificateTest, ThatIsNoneIsAnError) {
  use({"nonsense", "nonsense"});
  EXPECT_THAT(get().error().why, HasSubstr("no certificate"));
  credentials_.reset();
  use({certificate_.certificate_pem, "nonsense"});
  EXPECT_THAT(get().error().why, HasSubstr("not a private key"));
}

// Plugins.

TEST_F(CredentialsTest, APluginRunsOnceForAsLongAsNothingSaysOtherwise) {
  use_plugin();
  EXPECT_EQ(get()->authorization, "Bearer t1");
  now_ += 100'000;
  EXPECT_EQ(get()->authorization, "Bearer t1");
  EXPECT_EQ(runs(), 1);
}

TEST_F(CredentialsTest, APluginRunsAgainInTheLastMinuteOfItsToken) {
  use_plugin(R"(,"expirationTimestamp":"2027-01-15T09:10:00.5+01:00")");
  EXPECT_EQ(get()->authorization, "Bearer t1");
  EXPECT_EQ(credentials().expires_in(), std::chrono::seconds(600));
  now_ += 539;
  EXPECT_EQ(get()->authorization, "Bearer t1");
  now_ += 1;
  EXPECT_FALSE(credentials().cached());
  EXPECT_EQ(get()->authorization, "Bearer t2");
}

TEST_F(CredentialsTest, APluginThatRepeatsATokenIsAskedLessOftenThanAnythingIsSent) {
  use_plugin(R"(,"expirationTimestamp":"2027-01-15T09:10:00+01:00")");
  for (int second = 0; second < 600; ++second, ++now_) ASSERT_TRUE(get());
  EXPECT_LT(runs(), 20);
  EXPECT_FALSE(credentials().cached());  // it has expired now
}

TEST_F(CredentialsTest, WhatDoesNotExpireSaysSo) {
  config_.user.token = "secret";
  ASSERT_TRUE(get());
  EXPECT_FALSE(credentials().expires_in());
}

TEST_F(CredentialsTest, APluginRunsAgainAfterA401) {
  use_plugin();
  const auto first = get();
  EXPECT_TRUE(credentials().reject(*first));
  EXPECT_EQ(get()->authorization, "Bearer t2");
}

TEST_F(CredentialsTest, TheSame401ReportedTwiceRunsThePluginOnce) {
  use_plugin();
  const auto first = get();
  credentials().reject(*first);
  EXPECT_EQ(get()->authorization, "Bearer t2");
  EXPECT_TRUE(credentials().reject(*first));
  EXPECT_EQ(get()->authorization, "Bearer t2");
  EXPECT_EQ(runs(), 2);
}

TEST_F(CredentialsTest, SeveralThreadsShareOneRun) {
  use_plugin("", "sleep 0.2");
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  Credentials& shared = credentials();
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const CancelToken cancel;
      if (const auto credential = shared.get(cancel))
        good += credential->authorization == "Bearer t1";
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 8);
  EXPECT_EQ(runs(), 1);
}

TEST_F(CredentialsTest, APluginGetsTheUsersEnvironmentAndItsOwn) {
  use_plugin("", "env > env.txt");
  config_.user.exec->env = {{"OWN", "1"}, {"FROM_USER", "replaced"}};
  ASSERT_TRUE(get());
  const auto env = "\n" + files_.read("env.txt");
  EXPECT_THAT(env, HasSubstr("\nOWN=1\n"));
  EXPECT_THAT(env, HasSubstr("\nFROM_USER=replaced\n"));
  EXPECT_THAT(env,
              HasSubstr(R"(KUBERNETES_EXEC_INFO={"apiVersion":"client.authentication.k8s.io/v1")"
                        R"(,"kind":"ExecCredential","spec":{"interactive":false}})"));
  EXPECT_THAT(env, testing::Not(HasSubstr("\nHOME=")));  // this process's own
}

TEST_F(CredentialsTest, APluginGetsTheClusterWhenItAsksForIt) {
  use_plugin("", "printf %s \"$KUBERNETES_EXEC_INFO\" > info.json");
  config_.user.exec->provide_cluster_info = true;
  config_.user.exec->cluster_extension = R"({"audience":"x"})";
  config_.server = {false, {"api", 6443}, "/p"};
  config_.ca_pem = "PEM";
  config_.tls_server_name = "kube";
  config_.proxy = ProxyUrl{ProxyUrl::Kind::kHttp, {"proxy", 3128}, "me", "p@ss"};
  ASSERT_TRUE(get());
  EXPECT_THAT(
      files_.read("info.json"),
      HasSubstr(R"("cluster":{"certificate-authority-data":"UEVN","config":{"audience":"x"},)"
                R"("proxy-url":"http://me:p%40ss@proxy:3128","server":"http://api:6443/p",)"
                R"("tls-server-name":"kube"})"));
}

TEST_F(CredentialsTest, AnAuthorityThatDoesNotParseIsAnError) {
  config_.server.tls = true;
  config_.ca_pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const auto error = get().error();
  EXPECT_EQ(error.code, ErrorCode::kInvalid);
  EXPECT_THAT(error.what, HasSubstr("preparing TLS for https://"));
}

TEST_F(CredentialsTest, APluginMayAnswerWithAClientCertificate) {
  const auto identity =
      *net::make_authority({.common_name = "jane",
                            .names = {},
                            .not_before = net::WallTime(std::chrono::seconds(now_ - 10)),
                            .not_after = net::WallTime(std::chrono::seconds(now_ + 1000))});
  const auto escaped = [](std::string text) {
    for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at)) {
      text.replace(at, 1, "\\n");
    }
    return text;
  };
  use_plugin();
  files_.write("answer",
               R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",)"
               R"("status":{"clientCertificateData":")" +
                   escaped(identity.certificate_pem) + R"(","clientKeyData":")" +
                   escaped(identity.key_pem) + "\"}}");
  config_.user.exec->command = files_.script("plugin", "cat " + files_.path("answer"));
  const auto credential = get();
  ASSERT_TRUE(credential) << credential.error().summary();
  EXPECT_EQ(credential->certificate_pem, identity.certificate_pem);
  EXPECT_EQ(credential->authorization, "");
}

TEST_F(CredentialsTest, AMissingPluginShowsItsInstallHint) {
  use_plugin();
  config_.user.exec->command = "no-such-plugin";
  config_.user.exec->install_hint = "\nInstall it with: brew install no-such-plugin\n";
  const auto error = get().error();
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_THAT(error.what, HasSubstr("no-such-plugin"));
  EXPECT_THAT(error.why, HasSubstr("PATH (/usr/bin:/bin)"));
  EXPECT_EQ(error.fix, "Install it with: brew install no-such-plugin");
}

TEST_F(CredentialsTest, APluginIsLookedForInTheUsersPath) {
  use_plugin();
  config_.user.exec->command = "plugin";
  config_.environment["PATH"] = files_.path() + ":/usr/bin:/bin";
  EXPECT_TRUE(get());
}

TEST_F(CredentialsTest, APluginThatFailsSaysItsLastWords) {
  use_plugin("", "echo 'please run: cloud login' >&2; exit 3");
  const auto error = get().error();
  EXPECT_EQ(error.code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(error.why, "it ended with exit code 3: please run: cloud login");
}

TEST_F(CredentialsTest, WhatAPluginSaysReachesTheUser) {
  use_plugin("", "echo open https://login in a browser >&2");
  ASSERT_TRUE(get());
  EXPECT_EQ(plugin_output_, "open https://login in a browser\n");
}

TEST_F(CredentialsTest, APluginThatNeedsATerminalIsRefusedWithoutOne) {
  use_plugin();
  config_.user.exec->interactive = ExecPlugin::Interactive::kAlways;
  const auto error = get().error();
  EXPECT_EQ(error.code, ErrorCode::kUnsupported);
  EXPECT_THAT(error.why, HasSubstr("interactiveMode: Always"));
  EXPECT_EQ(files_.read("runs"), "");
}

TEST_F(CredentialsTest, APluginIsToldWhetherItMayAsk) {
  use_plugin("", "printf %s \"$KUBERNETES_EXEC_INFO\" > info.json");
  config_.user.exec->interactive = ExecPlugin::Interactive::kAlways;
  options_.terminal = true;
  ASSERT_TRUE(get());
  EXPECT_THAT(files_.read("info.json"), HasSubstr(R"("interactive":true)"));
}

TEST_F(CredentialsTest, AnswersThatAreNoneAreErrors) {
  use_plugin();
  const auto why = [&](const std::string& answer) {
    files_.write("answer", answer);
    config_.user.exec->command = files_.script("plugin", "cat " + files_.path("answer"));
    credentials_.reset();
    const auto error = get().error();
    EXPECT_EQ(error.code, ErrorCode::kInvalid) << answer;
    return error.why;
  };
  const std::string head =
      R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/)";
  EXPECT_THAT(why("hello"), HasSubstr("no JSON object"));
  EXPECT_THAT(why("{}"), HasSubstr("no ExecCredential"));
  EXPECT_THAT(why(head + R"(v1beta1","status":{"token":"t"}})"), HasSubstr("v1beta1"));
  EXPECT_THAT(why(head + R"(v1"})"), HasSubstr("neither a token nor a client certificate"));
  EXPECT_THAT(why(head + R"(v1","status":{"clientCertificateData":"x"}})"),
              HasSubstr("without its key"));
  EXPECT_THAT(why(head + R"(v1","status":{"token":"t","expirationTimestamp":"tomorrow"}})"),
              HasSubstr("'tomorrow' is not a time"));
  EXPECT_THAT(why(head + R"(v1","status":{"token":"a\nb"}})"), HasSubstr("line break"));
}

TEST_F(CredentialsTest, AHangingPluginIsKilledOnCancel) {
  use_plugin("", "echo started > started; sleep 1000 & wait");
  std::thread canceller([&] {
    while (files_.read("started").empty()) std::this_thread::yield();
    cancel_.cancel();
  });
  const auto credential = get();
  canceller.join();
  ASSERT_FALSE(credential);
  EXPECT_EQ(credential.error().code, ErrorCode::kCancelled);
}

TEST_F(CredentialsTest, APluginThatLeavesAProgramBehindIsNotWaitedForLonger) {
  use_plugin("", "sleep 1000 & echo $! > left-behind");
  const auto credential = get();
  ASSERT_TRUE(credential) << credential.error().summary();
  kill(std::stoi(files_.read("left-behind")), SIGKILL);
}

}  // namespace
}  // namespace ferry::kube
