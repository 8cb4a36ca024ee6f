#include "in-cluster-proxy/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "in-cluster-proxy/ports.h"

namespace ferry::proxy {
namespace {

using ::testing::HasSubstr;

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() {
    std::string pattern = ::testing::TempDir() + "ferry-tls-XXXXXX";
    dir_ = mkdtemp(pattern.data());
    for (const char* name : {"ca.crt", "tls.crt", "tls.key"}) std::ofstream(dir_ / name) << name;
  }
  ~ConfigTest() override { std::filesystem::remove_all(dir_); }

  Result<std::variant<Config, EndNow>> read(std::vector<std::string> flags) {
    flags.push_back("--tls-dir=" + dir_.string());
    std::vector<const char*> argv = {"ferry-proxy"};
    for (const std::string& flag : flags) argv.push_back(flag.c_str());
    return read_config(static_cast<int>(argv.size()), argv.data());
  }

  std::filesystem::path dir_;
};

TEST_F(ConfigTest, HasDefaultsThatFitAPod) {
  const auto read_in = read({});
  ASSERT_TRUE(read_in.has_value()) << read_in.error().summary();
  const auto& config = std::get<Config>(*read_in);
  EXPECT_EQ(config.listen, (net::HostPort{"127.0.0.1", kTunnelPort}));
  ASSERT_EQ(config.health_listen.size(), 2U);
  EXPECT_EQ(config.health_listen[1], (net::HostPort{"::", kHealthPort}));
  EXPECT_EQ(config.idle_exit, std::chrono::minutes(15));
  EXPECT_EQ(config.tls.key_pem, "tls.key");
}

TEST_F(ConfigTest, TheManifestNamesTheSamePorts) {
  std::ifstream file("manifests/proxy/job.yaml");
  const std::string job{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(job, HasSubstr("name: tunnel\n              containerPort: " +
                             std::to_string(kTunnelPort) + "\n"));
  EXPECT_THAT(job, HasSubstr("name: health\n              containerPort: " +
                             std::to_string(kHealthPort) + "\n"));
}

TEST_F(ConfigTest, UnderstandsItsFlags) {
  const auto read_in =
      read({"--listen=0.0.0.0:9", "--health-listen", "127.0.0.1:1,127.0.0.2:2", "--idle-exit=0",
            "--session-keep=90s", "--session-memory=8MiB", "--allow=10.0.0.0/8,fd00::/8",
            "--deny=10.0.0.1", "--log-format=json"});
  ASSERT_TRUE(read_in.has_value()) << read_in.error().summary();
  const auto& config = std::get<Config>(*read_in);
  EXPECT_EQ(config.listen.port, 9);
  EXPECT_EQ(config.health_listen.size(), 2U);
  EXPECT_EQ(config.idle_exit, Duration::zero());
  EXPECT_EQ(config.session_keep, std::chrono::seconds(90));
  EXPECT_EQ(config.limits.session_memory, std::size_t{8} << 20);
  EXPECT_EQ(config.rules.allow.size(), 2U);
  EXPECT_EQ(config.rules.deny.size(), 1U);
  EXPECT_EQ(config.log.format, LogFormat::kJson);
}

TEST_F(ConfigTest, AFlagBeatsTheEnvironment) {
  setenv("FERRY_PROXY_IDLE_EXIT", "2h", 1);
  EXPECT_EQ(std::get<Config>(*read({})).idle_exit, std::chrono::hours(2));
  EXPECT_EQ(std::get<Config>(*read({"--idle-exit=5m"})).idle_exit, std::chrono::minutes(5));
  unsetenv("FERRY_PROXY_IDLE_EXIT");
}

TEST_F(ConfigTest, UnderstandsTheFlagsOfAStandIn) {
  const auto read_in =
      read({"--stand-in=a1b2", "--mount=/etc/app", "--mount=/etc/more", "--orphan-timeout=600",
            "--restore=shop/deployment/web", "--restore-credentials=/r", "--drain-accept=2s"});
  ASSERT_TRUE(read_in.has_value()) << read_in.error().summary();
  const auto& stand_in = std::get<Config>(*read_in).stand_in;
  ASSERT_TRUE(stand_in.has_value());
  EXPECT_EQ(stand_in->id, "a1b2");
  EXPECT_EQ(stand_in->mounts, (std::vector<std::string>{"/etc/app", "/etc/more"}));
  EXPECT_EQ(stand_in->orphan_timeout, std::chrono::minutes(10));
  ASSERT_TRUE(stand_in->restore.has_value());
  EXPECT_EQ(stand_in->restore->ns, "shop");
  EXPECT_EQ(stand_in->restore->kind, "deployment");
  EXPECT_EQ(stand_in->restore->name, "web");
  EXPECT_EQ(stand_in->restore_credentials, "/r");
  EXPECT_EQ(stand_in->drain_accept, std::chrono::seconds(2));
  EXPECT_FALSE(std::get<Config>(*read({})).stand_in.has_value());
}

TEST_F(ConfigTest, TheEnvironmentOfAStandInIsItsContainers) {
  setenv("FERRY_PROXY_IDLE_EXIT", "2h", 1);
  const auto read_in = read({"--stand-in", "a1b2"});
  unsetenv("FERRY_PROXY_IDLE_EXIT");
  const auto& config = std::get<Config>(*read_in);
  EXPECT_EQ(config.idle_exit, std::chrono::minutes(15));
  EXPECT_THAT(config.stand_in->environment, ::testing::Contains("FERRY_PROXY_IDLE_EXIT=2h"));
}

TEST_F(ConfigTest, ARestoreThatNamesNoWorkloadIsAnError) {
  for (const std::string text : {"web", "shop/web", "shop/pod/web", "shop/deployment/",
                                 "/deployment/web", "shop/deployment/web/more"}) {
    const auto read_in = read({"--stand-in=a1b2", "--restore=" + text});
    ASSERT_FALSE(read_in.has_value()) << text;
    EXPECT_EQ(read_in.error().code, ErrorCode::kInvalid) << text;
  }
}

TEST_F(ConfigTest, SaysWhatItDoesNotUnderstand) {
  for (const std::string flag :
       {"--idle-exit=soon", "--idle-exit=15", "--session-keep=-1h", "--session-memory=1000",
        "--listen=7443", "--allow=everything", "--drain-timeout=99999999h"}) {
    const auto read_in = read({flag});
    ASSERT_FALSE(read_in.has_value()) << flag;
    EXPECT_EQ(read_in.error().code, ErrorCode::kInvalid) << flag;
  }
}

TEST_F(ConfigTest, SaysWhichFileIsMissing) {
  std::filesystem::remove(dir_ / "tls.key");
  const auto read_in = read({});
  ASSERT_FALSE(read_in.has_value());
  EXPECT_EQ(read_in.error().code, ErrorCode::kIo);
  EXPECT_THAT(read_in.error().what, HasSubstr("tls.key"));
  EXPECT_EQ(read_in.error().why, "No such file or directory");
}

TEST_F(ConfigTest, EndsWithHelpAndWithUsageErrors) {
  const auto help = std::get<EndNow>(*read({"--help"}));
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.text, HasSubstr("--idle-exit"));
  const auto unknown = std::get<EndNow>(*read({"--no-such-flag"}));
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.text, HasSubstr("--no-such-flag"));
}

}  // namespace
}  // namespace ferry::proxy
