#include "cli/doctor.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>

#include "cli/bundle.h"
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
