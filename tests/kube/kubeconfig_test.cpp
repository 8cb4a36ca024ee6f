#include "kube/kubeconfig.h"

#include <gmock/gmock.h>

#include <string>

#include "tests/kube/temp_dir.h"

namespace ferry::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr const char* kPem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
constexpr const char* kPemBase64 =
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBQUEKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=";

// A file with one context "dev"; the fields of its cluster and its user are the test's.
std::string config_with(const std::string& cluster, const std::string& user,
                        const std::string& context = "") {
  return "apiVersion: v1\nkind: Config\ncurrent-context: dev\n"
         "clusters: [{name: c, cluster: {" +
         cluster + "}}]\nusers: [{name: u, user: {" + user +
         "}}]\ncontexts: [{name: dev, context: {cluster: c, user: u" + context + "}}]\n";
}

constexpr const char* kServer = "server: 'https://api.example:6443'";

class KubeconfigTest : public testing::Test {
 protected:
  KubeconfigTest() { source_.environment["HOME"] = files_.path("home"); }

  Result<ClusterConfig> load_file(const std::string& text) {
    source_.explicit_path = files_.write("config", text);
    return load(source_);
  }
  Result<ClusterConfig> load_cluster(const std::string& cluster) {
    return load_file(config_with(cluster, "token: t"));
  }
  Result<ClusterConfig> load_user(const std::string& user) {
    return load_file(config_with(kServer, user));
  }

  TempDir files_;
  KubeconfigSource source_;
};

// Which files.

TEST_F(KubeconfigTest, ReadsTheFileInTheHomeFolder) {
  files_.write("home/.kube/config", config_with(kServer, "token: home"));
  const auto config = load(source_);
  ASSERT_TRUE(config) << config.error().summary();
  EXPECT_EQ(config->user.token, "home");
  EXPECT_EQ(config->context, "dev");
  EXPECT_EQ(config->cluster, "c");
  EXPECT_EQ(config->user_name, "u");
}

TEST_F(KubeconfigTest, ExplicitPathIsTheOnlyFile) {
  source_.environment["KUBECONFIG"] = files_.write("other", config_with(kServer, "token: other"));
  const auto config = load_user("token: explicit");
  ASSERT_TRUE(config) << config.error().summary();
  EXPECT_EQ(config->user.token, "explicit");
}

TEST_F(KubeconfigTest, ExplicitPathThatIsMissingIsAnError) {
  files_.write("home/.kube/config", config_with(kServer, "token: home"));
  source_.explicit_path = files_.path("nowhere");
  const auto config = load(source_);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(config.error().what, HasSubstr(files_.path("nowhere")));
}

TEST_F(KubeconfigTest, RelativeExplicitPathStartsInTheWorkingDirectory) {
  files_.write("work/my-config", config_with(kServer, "token: t"));
  source_.working_directory = files_.path("work");
  source_.explicit_path = "my-config";
  EXPECT_TRUE(load(source_));
}

TEST_F(KubeconfigTest, MissingAndEmptyEntriesOfTheListAreSkipped) {
  const auto file = files_.write("there", config_with(kServer, "token: t"));
  source_.environment["KUBECONFIG"] = ":" + files_.path("missing") + "::" + file + ":";
  const auto config = load(source_);
  ASSERT_TRUE(config) << config.error().summary();
  EXPECT_EQ(config->user.token, "t");
}

TEST_F(KubeconfigTest, TheVariableReplacesTheFileInTheHomeFolder) {
  files_.write("home/.kube/config", config_with(kServer, "token: home"));
  source_.environment["KUBECONFIG"] = files_.path("missing");
  const auto config = load(source_);
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().why, HasSubstr(files_.path("missing")));
}

TEST_F(KubeconfigTest, TheFirstFileThatDefinesANameWinsWhole) {
  const auto first = files_.write("first", "users: [{name: u, user: {username: a, password: b}}]");
  const auto second = files_.write("second", config_with(kServer, "token: second"));
  source_.environment["KUBECONFIG"] = first + ":" + second;
  const auto config = load(source_);
  ASSERT_TRUE(config) << config.error().summary();
  EXPECT_EQ(config->user.username, "a");
  EXPECT_EQ(config->user.token, "");
}

TEST_F(KubeconfigTest, TheFirstNonEmptyCurrentContextWins) {
  const auto first = files_.write("first", "current-context: ''\ncontexts: []");
  const auto second = files_.write(
      "second", "current-context: b\ncontexts: [{name: b, context: {cluster: c, namespace: nb}}]");
  const auto third = files_.write("third", config_with(kServer, "token: t"));
  source_.environment["KUBECONFIG"] = first + ":" + second + ":" + third;
  const auto config = load(source_);
  ASSERT_TRUE(config) << config.error().summary();
  EXPECT_EQ(config->context, "b");
  EXPECT_EQ(config->ns, "nb");
}

TEST_F(KubeconfigTest, JsonIsReadAsWell) {
  const auto config = load_file(R"({"current-context": "x",
    "contexts": [{"name": "x", "context": {"cluster": "c"}}],
    "clusters": [{"name": "c", "cluster": {"server": "https://h:1"}}]})");
  ASSERT_TRUE(config) << config.error().summary();
  EXPECT_EQ(config->server.address.port, 1);
}

TEST_F(KubeconfigTest, NoConfigurationAtAllSaysWhereItLooked) {
  const auto config = load(source_);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(config.error().why, HasSubstr(files_.path("home/.kube/config")));
  EXPECT_THAT(config.error().fix, HasSubstr("--kubeconfig"));
}

// Contexts.

TEST_F(KubeconfigTest, UnknownContextNamesTheKnownOnes) {
  source_.context = "prod";
  const auto config = load_file(
      "contexts: [{name: dev, context: {cluster: c}}, {name: test, context: {cluster: c}}]");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(config.error().what, HasSubstr("'prod'"));
  EXPECT_THAT(config.error().why, HasSubstr("dev and test"));
}

TEST_F(KubeconfigTest, NoCurrentContextNamesTheKnownOnes) {
  const auto config = load_file("contexts: [{name: dev, context: {cluster: c}}]");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().why, HasSubstr("dev"));
  EXPECT_THAT(config.error().fix, HasSubstr("--context"));
}

TEST_F(KubeconfigTest, ContextThatNamesNoClusterIsAnError) {
  const auto config = load_file(
      "current-context: x\ncontexts: [{name: x, context: {cluster: gone}}]\n"
      "clusters: [{name: c, cluster: {server: 'https://h'}}]");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().what, HasSubstr("'gone'"));
  EXPECT_THAT(config.error().why, HasSubstr("there are: c"));
}

TEST_F(KubeconfigTest, ContextThatNamesNoUserIsAnError) {
  const auto config = load_file(
      "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: gone}}]\n"
      "clusters: [{name: c, cluster: {server: 'https://h'}}]");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().what, HasSubstr("'gone'"));
}

TEST_F(KubeconfigTest, NamespaceOfTheCommandLineBeatsTheContexts) {
  const auto text = config_with(kServer, "token: t", ", namespace: team");
  EXPECT_EQ(load_file(text)->ns, "team");
  source_.ns = "mine";
  EXPECT_EQ(load_file(text)->ns, "mine");
}

TEST_F(KubeconfigTest, NamespaceDefaultsToDefault) {
  EXPECT_EQ(load_user("token: t")->ns, "default");
}

// Broken files.

TEST_F(KubeconfigTest, MalformedYamlNamesFileAndLine) {
  const auto config = load_file("apiVersion: v1\nclusters:\n  - name: [\nusers: }\n");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(config.error().what, HasSubstr(files_.path("config") + ", line 4"));
}

TEST_F(KubeconfigTest, WrongShapeNamesFileLineAndField) {
  const auto config = load_file("apiVersion: v1\nkind: Config\nclusters: {name: c}\n");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().what, HasSubstr(", line 3"));
  EXPECT_EQ(config.error().why, "clusters must be a list");
}

TEST_F(KubeconfigTest, AnotherKindOfFileIsAnError) {
  const auto config = load_file("apiVersion: v1\nkind: Pod\n");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().why, HasSubstr("'Pod'"));
}

TEST_F(KubeconfigTest, TheSameNameTwiceInAFileIsAnError) {
  const auto config = load_file("users: [{name: u, user: {}}, {name: u, user: {}}]");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().why, HasSubstr("'u' twice"));
}

TEST_F(KubeconfigTest, AFolderInPlaceOfTheFileIsAnError) {
  source_.explicit_path = files_.path();
  const auto config = load(source_);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kIo);
}

TEST_F(KubeconfigTest, UnreadableFileIsAnError) {
  source_.explicit_path = files_.write("secret", config_with(kServer, "token: t"));
  std::filesystem::permissions(source_.explicit_path, std::filesystem::perms::none);
  if (access(source_.explicit_path.c_str(), R_OK) == 0) GTEST_SKIP() << "root reads everything";
  const auto config = load(source_);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kIo);
  EXPECT_THAT(config.error().why, HasSubstr("ermission"));
}

// Clusters.

TEST_F(KubeconfigTest, ServerKeepsItsPathPrefix) {
  const auto config = load_cluster("server: 'https://rancher.example/k8s/clusters/c-1/'");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->server.path_prefix, "/k8s/clusters/c-1");
  EXPECT_EQ(config->server.address, (net::HostPort{"rancher.example", 443}));
}

TEST_F(KubeconfigTest, ServerMayBeAnIpv6Address) {
  const auto config = load_cluster("server: 'https://[fd00::1]:6443'");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->server.address, (net::HostPort{"fd00::1", 6443}));
  EXPECT_EQ(to_string(config->server), "https://[fd00::1]:6443");
}

TEST_F(KubeconfigTest, ServerWithoutASchemeIsHttpUnlessSomethingSpeaksOfTls) {
  EXPECT_FALSE(load_cluster("server: 'host:8080'")->server.tls);
  EXPECT_TRUE(load_cluster("server: 'host:8080', insecure-skip-tls-verify: true")->server.tls);
}

TEST_F(KubeconfigTest, ServerThatIsNoUrlIsAnError) {
  for (const std::string server : {"ftp://h", "https://h:99999", "https://", "https://::1:6443",
                                   "https://me:pw@host", "https://h/p?q=1", "https://[::1"}) {
    const auto config = load_cluster("server: '" + server + "'");
    ASSERT_FALSE(config) << server;
    EXPECT_EQ(config.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(config.error().why, HasSubstr(server));
  }
  EXPECT_THAT(load_cluster("").error().why, HasSubstr("no server"));
}

TEST_F(KubeconfigTest, AuthorityFileIsRelativeToItsKubeconfig) {
  files_.write("deep/pki/ca.crt", kPem);
  source_.explicit_path = files_.write(
      "deep/config", config_with(std::string(kServer) + ", certificate-authority: pki/ca.crt", ""));
  const auto config = load(source_);
  ASSERT_TRUE(config) << config.error().summary();
  EXPECT_EQ(config->ca_pem, kPem);
}

TEST_F(KubeconfigTest, AuthorityDataBeatsTheFile) {
  const auto config = load_cluster(
      std::string(kServer) +
      ", certificate-authority: missing.crt, certificate-authority-data: " + kPemBase64);
  ASSERT_TRUE(config) << config.error().summary();
  EXPECT_EQ(config->ca_pem, kPem);
}

TEST_F(KubeconfigTest, MissingAuthorityFileIsNamed) {
  const auto config = load_cluster(std::string(kServer) + ", certificate-authority: ca.crt");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(config.error().what, HasSubstr(files_.path("ca.crt")));
}

TEST_F(KubeconfigTest, AuthorityDataThatIsNotBase64IsAnError) {
  const auto config = load_cluster(std::string(kServer) + ", certificate-authority-data: '%%%'");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().why, HasSubstr("certificate-authority-data is not base64"));
}

TEST_F(KubeconfigTest, AuthorityWithoutACertificateIsAnError) {
  const auto config = load_cluster(std::string(kServer) + ", certificate-authority-data: AAAA");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().why, HasSubstr("no PEM certificate"));
}

TEST_F(KubeconfigTest, SkippingVerificationTogetherWithAnAuthorityIsAnError) {
  const auto config =
      load_cluster(std::string(kServer) +
                   ", insecure-skip-tls-verify: true, certificate-authority-data: " + kPemBase64);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(config.error().why, HasSubstr("insecure-skip-tls-verify"));
}

TEST_F(KubeconfigTest, TlsServerNameIsKept) {
  EXPECT_EQ(load_cluster(std::string(kServer) + ", tls-server-name: kube")->tls_server_name,
            "kube");
}

TEST_F(KubeconfigTest, ProxyUrlHasItsKindAddressAndLogin) {
  const auto with = [&](const std::string& url) {
    return *load_cluster(std::string(kServer) + ", proxy-url: '" + url + "'")->proxy;
  };
  EXPECT_EQ(with("http://p:3128").kind, ProxyUrl::Kind::kHttp);
  EXPECT_EQ(with("http://p").address, (net::HostPort{"p", 80}));
  EXPECT_EQ(with("https://p").kind, ProxyUrl::Kind::kHttps);
  EXPECT_EQ(with("https://p").address.port, 443);
  EXPECT_EQ(with("socks5://p").kind, ProxyUrl::Kind::kSocks5);
  EXPECT_EQ(with("socks5://p").address.port, 1080);
  EXPECT_EQ(with("http://me:s%40crt@p:1").username, "me");
  EXPECT_EQ(with("http://me:s%40crt@p:1").password, "s@crt");
}

TEST_F(KubeconfigTest, ProxyOfAnUnknownKindIsAnErrorThatHidesItsPassword) {
  const auto config = load_cluster(std::string(kServer) + ", proxy-url: 'ftp://me:secret@p'");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(config.error().summary(), testing::Not(HasSubstr("secret")));
}

// Users.

TEST_F(KubeconfigTest, TokenFileIsRelativeToItsKubeconfig) {
  EXPECT_EQ(load_user("tokenFile: creds/token")->user.token_file, files_.path("creds/token"));
}

TEST_F(KubeconfigTest, ClientCertificateComesFromDataOrFile) {
  const auto user = load_user(std::string("client-certificate-data: ") + kPemBase64 +
                              ", client-certificate: ignored.crt, client-key: pki/me.key")
                        ->user;
  EXPECT_EQ(user.client_certificate.data, kPem);
  EXPECT_EQ(user.client_key.data, "");
  EXPECT_EQ(user.client_key.file, files_.path("pki/me.key"));
}

TEST_F(KubeconfigTest, CertificateWithoutKeyIsAnError) {
  const auto config = load_user("client-certificate: me.crt");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().why, HasSubstr("no client key"));
}

TEST_F(KubeconfigTest, BasicAndTokenTogetherAreAnError) {
  EXPECT_FALSE(load_user("token: t, username: u, password: p"));
}

TEST_F(KubeconfigTest, ImpersonationIsReadWhole) {
  const auto as = load_user(
                      "token: t, as: jane, as-uid: '42', as-groups: [dev, ops], "
                      "as-user-extra: {reason: [audit, more]}")
                      ->user.impersonation;
  EXPECT_EQ(as.user, "jane");
  EXPECT_EQ(as.uid, "42");
  EXPECT_THAT(as.groups, ElementsAre("dev", "ops"));
  EXPECT_THAT(as.extra, ElementsAre(Pair("reason", ElementsAre("audit", "more"))));
}

TEST_F(KubeconfigTest, ImpersonatingGroupsOfNobodyIsAnError) {
  EXPECT_THAT(load_user("token: t, as-groups: [dev]").error().why, HasSubstr("without as"));
}

TEST_F(KubeconfigTest, AuthProviderIsRefusedWithAWayOut) {
  const auto config = load_user("auth-provider: {name: gcp}");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(config.error().fix, HasSubstr("gke-gcloud-auth-plugin"));
}

TEST_F(KubeconfigTest, AuthProviderOfAnotherUserDoesNoHarm) {
  EXPECT_TRUE(load_file(
      "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n"
      "clusters: [{name: c, cluster: {server: 'https://h'}}]\n"
      "users: [{name: u, user: {token: t}}, {name: old, user: {auth-provider: {name: gcp}}}]"));
}

constexpr const char* kV1 = "apiVersion: client.authentication.k8s.io/v1";

TEST_F(KubeconfigTest, ExecPluginIsReadWhole) {
  const auto config =
      load_user(std::string("exec: {") + kV1 +
                ", command: ./bin/login, args: [get, --now], env: [{name: A, value: b}], "
                "installHint: brew install it, provideClusterInfo: true, interactiveMode: Never}");
  ASSERT_TRUE(config) << config.error().summary();
  const auto& exec = *config->user.exec;
  EXPECT_EQ(exec.command, files_.path("bin/login"));
  EXPECT_THAT(exec.args, ElementsAre("get", "--now"));
  EXPECT_THAT(exec.env, ElementsAre(Pair("A", "b")));
  EXPECT_EQ(exec.install_hint, "brew install it");
  EXPECT_TRUE(exec.provide_cluster_info);
  EXPECT_EQ(exec.interactive, ExecPlugin::Interactive::kNever);
}

TEST_F(KubeconfigTest, ExecCommandWithoutASeparatorIsLookedForInThePath) {
  const auto config =
      load_user("exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: aws}");
  ASSERT_TRUE(config) << config.error().summary();
  EXPECT_EQ(config->user.exec->command, "aws");
  EXPECT_EQ(config->user.exec->interactive, ExecPlugin::Interactive::kIfAvailable);
}

TEST_F(KubeconfigTest, ExecV1DemandsAnInteractiveMode) {
  EXPECT_THAT(load_user(std::string("exec: {") + kV1 + ", command: aws}").error().why,
              HasSubstr("interactiveMode is missing"));
}

TEST_F(KubeconfigTest, ExecFaultsAreNamed) {
  const auto why = [&](const std::string& fields) {
    return load_user("exec: {" + fields + "}").error().why;
  };
  EXPECT_THAT(why("apiVersion: client.authentication.k8s.io/v1alpha1, command: x"),
              HasSubstr("v1alpha1"));
  EXPECT_THAT(why(std::string(kV1) + ", interactiveMode: Never"), HasSubstr("no command"));
  EXPECT_THAT(why(std::string(kV1) + ", command: x, interactiveMode: Often"), HasSubstr("'Often'"));
  EXPECT_THAT(why(std::string(kV1) + ", command: x, interactiveMode: Never, env: [{value: y}]"),
              HasSubstr("no name"));
}

TEST_F(KubeconfigTest, TheClustersExtensionForPluginsIsKeptAsJson) {
  const auto config = load_file(config_with(
      std::string(kServer) + ", extensions: [{name: other, extension: {a: 1}}, "
                             "{name: client.authentication.k8s.io/exec, "
                             "extension: {audience: '42', number: 7, list: [true, x]}}]",
      "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: x}"));
  ASSERT_TRUE(config) << config.error().summary();
  EXPECT_EQ(config->user.exec->cluster_extension,
            R"({"audience":"42","list":[true,"x"],"number":7})");
}

TEST_F(KubeconfigTest, AliasesCannotMakeASmallFileHuge) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    const auto last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last + "," + last + "," +
            last + "," + last + "," + last + "," + last + "," + last + "," + last + "]\n";
  }
  const auto config = load_file(bomb +
                                "clusters: [{name: c, cluster: {extensions: [{name: "
                                "client.authentication.k8s.io/exec, extension: *a11}]}}]\n");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().why, HasSubstr("too large"));
}

// In a pod.

class InClusterTest : public KubeconfigTest {
 protected:
  InClusterTest() {
    source_.environment["KUBERNETES_SERVICE_HOST"] = "10.96.0.1";
    source_.environment["KUBERNETES_SERVICE_PORT"] = "443";
    source_.service_account_directory = files_.path("sa");
    files_.write("sa/ca.crt", kPem);
    files_.write("sa/token", "rotating\n");
    files_.write("sa/namespace", "team\n");
  }
};

TEST_F(InClusterTest, TheServiceAccountServesWhereThereIsNoFile) {
  const auto config = load(source_);
  ASSERT_TRUE(config) << config.error().summary();
  EXPECT_EQ(to_string(config->server), "https://10.96.0.1:443");
  EXPECT_EQ(config->ca_pem, kPem);
  EXPECT_EQ(config->ns, "team");
  EXPECT_EQ(config->user.token_file, files_.path("sa/token"));
}

TEST_F(InClusterTest, AFileBeatsTheServiceAccount) {
  files_.write("home/.kube/config", config_with(kServer, "token: home"));
  EXPECT_EQ(load(source_)->user.token, "home");
}

TEST_F(InClusterTest, AnIpv6HostGetsItsBrackets) {
  source_.environment["KUBERNETES_SERVICE_HOST"] = "fd00::1";
  EXPECT_EQ(to_string(load(source_)->server), "https://[fd00::1]:443");
}

TEST_F(InClusterTest, ATokenThatIsNotMountedIsAnError) {
  std::filesystem::remove(files_.path("sa/token"));
  const auto config = load(source_);
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().fix, HasSubstr("automountServiceAccountToken"));
}

TEST_F(InClusterTest, AContextThatWasAskedForIsNotIgnored) {
  source_.context = "dev";
  EXPECT_FALSE(load(source_));
}

}  // namespace
}  // namespace ferry::kube
