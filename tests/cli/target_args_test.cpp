#include "cli/target_args.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/diagnosis.h"

namespace ferry::cli {
namespace {

struct GoodTarget {
  const char* text;
  control::TargetKind kind;
  const char* name;
};

class GoodTargetTest : public testing::TestWithParam<GoodTarget> {};

TEST_P(GoodTargetTest, IsUnderstood) {
  const auto target = parse_target(GetParam().text);
  ASSERT_TRUE(target) << target.error().summary();
  EXPECT_EQ(target->kind, GetParam().kind);
  EXPECT_EQ(target->name, GetParam().name);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, GoodTargetTest,
    testing::Values(GoodTarget{"svc/app", control::TargetKind::kService, "app"},
                    GoodTarget{"service/app", control::TargetKind::kService, "app"},
                    GoodTarget{"Services/app", control::TargetKind::kService, "app"},
                    GoodTarget{"deploy/a-1", control::TargetKind::kDeployment, "a-1"},
                    GoodTarget{"deployment/app", control::TargetKind::kDeployment, "app"},
                    GoodTarget{"sts/db", control::TargetKind::kStatefulSet, "db"},
                    GoodTarget{"statefulset/db", control::TargetKind::kStatefulSet, "db"},
                    GoodTarget{"pod/app-0", control::TargetKind::kPod, "app-0"},
                    GoodTarget{"po/app-0", control::TargetKind::kPod, "app-0"},
                    GoodTarget{"app-0", control::TargetKind::kPod, "app-0"},
                    GoodTarget{"host/db.internal", control::TargetKind::kHost, "db.internal"},
                    GoodTarget{"host/10.0.0.7", control::TargetKind::kHost, "10.0.0.7"},
                    GoodTarget{"host/fd00::7", control::TargetKind::kHost, "fd00::7"}));

struct GoodPort {
  const char* text;
  std::uint16_t local;
  std::uint16_t remote;
  const char* name;
  bool local_as_remote;
};

class GoodPortTest : public testing::TestWithParam<GoodPort> {};

TEST_P(GoodPortTest, IsUnderstood) {
  const auto port = parse_port(GetParam().text);
  ASSERT_TRUE(port) << port.error().summary();
  EXPECT_EQ(port->local, GetParam().local);
  EXPECT_EQ(port->remote.number, GetParam().remote);
  EXPECT_EQ(port->remote.name, GetParam().name);
  EXPECT_EQ(port->local_as_remote, GetParam().local_as_remote);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, GoodPortTest,
    testing::Values(GoodPort{"8080:80", 8080, 80, "", false}, GoodPort{"80", 80, 80, "", false},
                    GoodPort{":80", 0, 80, "", false}, GoodPort{"0:80", 0, 80, "", false},
                    GoodPort{"8080:http", 8080, 0, "http", false},
                    GoodPort{":http-2", 0, 0, "http-2", false},
                    GoodPort{"http", 0, 0, "http", true}, GoodPort{"1:65535", 1, 65535, "", false},
                    GoodPort{"65535:1", 65535, 1, "", false}));

struct BadTarget {
  const char* text;
  const char* words;
};

std::string complaint_of(const Error& error) {
  EXPECT_EQ(error.code, ErrorCode::kUsage);
  return error.summary() + " / " + error.fix;
}

class BadTargetTest : public testing::TestWithParam<BadTarget> {};

TEST_P(BadTargetTest, SaysWhatIsOff) {
  const auto target = parse_target(GetParam().text);
  ASSERT_FALSE(target);
  EXPECT_THAT(complaint_of(target.error()), testing::HasSubstr(GetParam().words));
}

INSTANTIATE_TEST_SUITE_P(
    Forms, BadTargetTest,
    testing::Values(
        BadTarget{"", "neither TYPE/NAME"}, BadTarget{"svc", "write svc/NAME"},
        BadTarget{"svc/", "name is missing"}, BadTarget{"/app", "there is no type ''"},
        BadTarget{"svx/app", "did you mean 'svc'?"},
        BadTarget{"deplyo/a", "did you mean 'deploy'?"},
        BadTarget{"ingress/app", "svc, deploy, sts, rs, pod or host"},
        BadTarget{"svc/App", "can't be a name"}, BadTarget{"svc/a/b", "can't be a name"},
        BadTarget{"svc/a b", "can't be a name"}, BadTarget{"svc/-a", "can't be a name"},
        BadTarget{"svc/../x", "can't be a name"}, BadTarget{"host/-x", "can't be a name"},
        BadTarget{"host/a b", "can't be a name"}, BadTarget{"8080:80", "neither TYPE/NAME"}));

TEST(TargetTypesTest, AreThoseThatTheCommandTakes) {
  EXPECT_THAT(parse_kube_target("svc/").error().fix,
              testing::EndsWith("svc, deploy, sts, rs or pod"));
  for (const char* text : {"svc/", "cronjob/x", "link/"}) {
    Invocation invocation;
    invocation.target = text;
    EXPECT_THAT(complaint_of(diagnose_spec(invocation).error()),
                testing::EndsWith("svc, deploy, sts, rs, pod or link"));
  }
}

class BadPortTest : public testing::TestWithParam<BadTarget> {};

TEST_P(BadPortTest, SaysWhatIsOff) {
  const auto port = parse_port(GetParam().text);
  ASSERT_FALSE(port);
  EXPECT_THAT(complaint_of(port.error()), testing::HasSubstr(GetParam().words));
}

INSTANTIATE_TEST_SUITE_P(Forms, BadPortTest,
                         testing::Values(BadTarget{"", "remote port is missing"},
                                         BadTarget{":", "remote port is missing"},
                                         BadTarget{"8080:", "remote port is missing"},
                                         BadTarget{"0", "from 1 to 65535"},
                                         BadTarget{"8080:0", "from 1 to 65535"},
                                         BadTarget{"65536", "65536 is not a port number"},
                                         BadTarget{"99999999999999999999", "from 1 to 65535"},
                                         BadTarget{"70000:80", "70000 is not a port number"},
                                         BadTarget{"http:80", "not a number"},
                                         BadTarget{"-1:80", "'-1' is not a number"},
                                         BadTarget{"8080:-1", "neither a port number"},
                                         BadTarget{"127.0.0.1:8080:80", "--address"},
                                         BadTarget{"8080:HTTP", "neither a port number"},
                                         BadTarget{"80 80", "neither a port number"},
                                         BadTarget{"8080/80", "neither a port number"}));

TEST(AddressTest, ListsAndLocalhostAreTaken) {
  using List = std::vector<std::string>;
  EXPECT_EQ(parse_addresses("127.0.0.1").value(), List{"127.0.0.1"});
  EXPECT_EQ(parse_addresses("localhost").value(), (List{"127.0.0.1", "::1"}));
  EXPECT_EQ(parse_addresses("0.0.0.0,::").value(), (List{"0.0.0.0", "::"}));
  for (const char* bad : {"", "example.org", "127.0.0.1,", "127.0.0.256", "[::1]", ":80"}) {
    EXPECT_FALSE(parse_addresses(bad)) << bad;
  }
}

TEST(DurationTest, IsWrittenAsNumbersWithUnits) {
  EXPECT_EQ(parse_duration("90s").value().count(), 90);
  EXPECT_EQ(parse_duration("15m").value().count(), 900);
  EXPECT_EQ(parse_duration("1h30m").value().count(), 5400);
  EXPECT_EQ(parse_duration("168h").value().count(), 604800);
  for (const char* bad : {"", "3", "m", "0s", "169h", "1d", "-5m", "5m3", "1.5h", "99999999999h"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(PullPolicyTest, TakesTheCaseOfEither) {
  EXPECT_EQ(parse_pull_policy("ifnotpresent").value(), "IfNotPresent");
  EXPECT_EQ(parse_pull_policy("Always").value(), "Always");
  EXPECT_FALSE(parse_pull_policy("sometimes"));
}

TEST(HostPortTest, NeedsBothParts) {
  for (const char* good : {"10.0.0.7:8443", "proxy.example:1", "[fd00::7]:65535"}) {
    EXPECT_TRUE(check_host_port(good)) << good;
  }
  for (const char* bad : {"", "a", ":80", "a:", "a:0", "a:65536", "fd00::7:80", "a:b", "[]:80"}) {
    EXPECT_FALSE(check_host_port(bad)) << bad;
  }
}

}  // namespace
}  // namespace ferry::cli
