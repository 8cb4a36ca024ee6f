#include "cli/doctor.h"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <utility>

#include "cli/bundle.h"
#include "daemon/control/json.h"
#include "tests/cli/schema_check.h"
#include "tests/cli/temp_dir.h"

namespace ferry::cli {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(DoctorTest, AClockThatIsOffIsWrongEitherWay) {
  EXPECT_TRUE(check_clock(0).fine);
  EXPECT_TRUE(check_clock(-29).fine);
  EXPECT_THAT(check_clock(95).summary, HasSubstr("95 s ahead of"));
  EXPECT_THAT(check_clock(-3600).summary, HasSubstr("3600 s behind"));
  EXPECT_FALSE(check_clock(-3600).fine);
  EXPECT_FALSE(check_clock(95).fix.empty());
}

TEST(DoctorTest, TheHardLimitOfOpenFilesCounts) {
  EXPECT_TRUE(check_open_files(256, 4096).fine);
  EXPECT_TRUE(check_open_files(1024, RLIM_INFINITY).fine);
  EXPECT_FALSE(check_open_files(256, 512).fine);
  EXPECT_THAT(check_open_files(256, 512).details, Contains(HasSubstr("256 connections")));
}

class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address_);
    socklen_t size = sizeof(address_);
    EXPECT_EQ(bind(fd_, generic, size), 0);
    EXPECT_EQ(listen(fd_, 1), 0);
    EXPECT_EQ(getsockname(fd_, generic, &size), 0);
  }
  ~Listener() { close(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  std::uint16_t port() const { return ntohs(address_.sin_port); }

 private:
  int fd_;
  sockaddr_in address_{};
};

TEST(DoctorTest, ALocalPortThatSomebodyElseHasIsNamedWithItsHolder) {
  const TempDir dir;
  const std::string file = dir.path() + "/links.json";
  EXPECT_TRUE(check_local_ports(file, 0).fine);
  Listener listener;
  control::LinkSpec spec{.target = {control::TargetKind::kService, "app"}, .detach = true};
  spec.ports = {{.local = listener.port(), .remote = {.number = 80}},
                {.local = 0, .remote = {.number = 81}}};
  const auto json = control::to_json(spec, control::Include::kNoEnvironment);
  std::ofstream(file) << nlohmann::json{{{"id", "f1"}, {"spec", json}}, "nonsense"};
  const auto taken = check_local_ports(file, 0);
  EXPECT_FALSE(taken.fine);
  ASSERT_EQ(taken.details.size(), 1U);
  EXPECT_THAT(taken.details[0], HasSubstr("link f1 (svc/app): port " +
                                          std::to_string(listener.port()) + " is taken by ferry_"));
  EXPECT_THAT(taken.details[0], HasSubstr("pid " + std::to_string(getpid())));
  EXPECT_TRUE(check_local_ports(file, getpid()).fine) << "it is the daemon's own";
  listener.close();
  EXPECT_TRUE(check_local_ports(file, 0).fine);
}

TEST(DoctorTest, AFileOfLinksThatIsNoneIsWrong) {
  const TempDir dir;
  std::ofstream(dir.path() + "/links.json") << "{}";
  EXPECT_FALSE(check_local_ports(dir.path() + "/links.json", 0).fine);
}

TEST(DoctorTest, APluginIsLookedForInPath) {
  EXPECT_EQ(check_plugin({.command = "sh"}, "/no/such:/bin").summary, "/bin/sh");
  EXPECT_TRUE(check_plugin({.command = "/bin/sh"}, "").fine);
  EXPECT_FALSE(check_plugin({.command = "sh"}, "/no/such").fine);
  const auto missing =
      check_plugin({.command = "no-such-plugin", .install_hint = "get it"}, "/bin");
  EXPECT_FALSE(missing.fine);
  EXPECT_EQ(missing.fix, "get it");
}

std::vector<doctor::AreaAnswer> answers(bool logs) {
  std::vector<doctor::AreaAnswer> made;
  for (const auto& area : doctor::needed_rights()) {
    made.push_back({&area, std::vector<bool>(area.rights.size(), logs || area.name != "logs")});
  }
  return made;
}

TEST(DoctorTest, AMissingRightIsNamedWithItsCost) {
  EXPECT_TRUE(check_rights(answers(true), "demo").fine);
  EXPECT_THAT(check_rights(answers(true), "demo").details, IsEmpty());
  const auto check = check_rights(answers(false), "demo");
  EXPECT_FALSE(check.fine);
  ASSERT_EQ(check.details.size(), 1U);
  EXPECT_THAT(check.details[0], HasSubstr("no right to get pods/log: no ferry logs"));
}

TEST(DoctorTest, WhatIsPrintedIsWhatTheSchemaSays) {
  const Examination examination{.checks = {check_clock(95), check_rights(answers(false), "demo")},
                                .rights = answers(false)};
  EXPECT_FALSE(examination.fine());
  const auto json =
      nlohmann::json::parse(examination_text(examination, {.format = OutputFormat::kJson}));
  EXPECT_EQ(schema_complaint("docs/schema/output.schema.json", "examination", json), "");
  EXPECT_EQ(json.at("ok"), false);
  const std::string table = examination_text(examination, {});
  EXPECT_THAT(table, HasSubstr("wrong  clock        the API server's clock is 95 s ahead"));
  EXPECT_THAT(table, HasSubstr("logs             0 of 1 allowed"));
}

TEST(BundleTest, HoldsWhatIsThereWithoutSecrets) {
  const TempDir dir;
  std::ofstream(dir.path() + "/ferryd.log") << "link 1 is active\ntoken: hunter2\n";
  control::Paths paths;
  paths.log_file = dir.path() + "/ferryd.log";
  paths.links_file = dir.path() + "/absent.json";
  const auto nothing = [](const std::string&) { return std::nullopt; };
  const auto contents = bundle_contents(
      paths, nothing, {{"https_proxy", "http://ann:hunter2@proxy:3128"}, {"OTHER", "hunter2"}});
  EXPECT_EQ(contents.at("ferryd.log"), "link 1 is active\ntoken: [removed]\n");
  EXPECT_EQ(contents.at("environment.txt"), "https_proxy=http://[removed]@proxy:3128\n");
  EXPECT_EQ(contents.size(), 2U);
}

TEST(BundleTest, IsReadableByItsUserAlone) {
  const TempDir dir;
  const std::string file = dir.path() + "/bug:1.tar.gz";
  ASSERT_TRUE(write_bundle(file, {{"a.txt", "one"}}, {{"PATH", "/usr/bin:/bin"}}));
  struct stat info {};
  ASSERT_EQ(stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_GT(info.st_size, 0);
  EXPECT_FALSE(write_bundle(file, {{"a.txt", "one"}}, {{"PATH", "/no/such"}}));
}

}  // namespace
}  // namespace ferry::cli
