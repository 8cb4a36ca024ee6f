#include "cli/log_format.h"

#include <gmock/gmock.h>

#include "cli/command_line.h"
#include "cli/workload_logs.h"

namespace ferry::cli {
namespace {

using logs::LoggedContainer;
using Pods = LogPrefixes::Pods;
using testing::HasSubstr;

LoggedContainer in(const std::string& pod, const std::string& name, bool alone = true) {
  return {.pod = pod, .generate_name = "web-6c9f7-", .name = name, .alone = alone};
}

std::string prefix(LogPrefixes prefixes, const LoggedContainer& container) {
  return prefixes.of(container);
}

TEST(LogPrefixesTest, AsShortAsIsUnambiguous) {
  const auto one = in("web-6c9f7-x2x8d", "app");
  const auto several = in("web-6c9f7-x2x8d", "app", false);
  EXPECT_EQ(prefix({Pods::kLeaveOut, true}, one), "");
  EXPECT_EQ(prefix({Pods::kLeaveOut, true}, several), "app");
  EXPECT_EQ(prefix({Pods::kShort, true}, one), "x2x8d");
  EXPECT_EQ(prefix({Pods::kShort, true}, several), "x2x8d/app");
  EXPECT_EQ(prefix({Pods::kShort, false}, several), "x2x8d");
  EXPECT_EQ(prefix({Pods::kWhole, true}, several), "web-6c9f7-x2x8d/app");
}

TEST(LogPrefixesTest, TwoPodsWithTheSameEndAreToldApart) {
  LogPrefixes prefixes(Pods::kShort, true);
  auto other = in("web-7d8e9-x2x8d", "app");
  other.generate_name = "web-7d8e9-";
  EXPECT_EQ(prefixes.of(in("web-6c9f7-x2x8d", "app")), "x2x8d");
  EXPECT_EQ(prefixes.of(other), "web-7d8e9-x2x8d");
  EXPECT_EQ(prefixes.of(in("web-6c9f7-x2x8d", "app")), "x2x8d");
}

TEST(LogFormatTest, ALineHasPrefixTimeAndText) {
  const auto from = in("web-6c9f7-x2x8d", "app");
  const logs::LogLine line{.from = from, .time = "2026-11-20T16:36:19.1Z", .text = "hello"};
  EXPECT_EQ(LogFormat({Pods::kShort, true}, false, false).line(line), "x2x8d | hello\n");
  EXPECT_EQ(LogFormat({Pods::kShort, true}, true, false).line(line),
            "x2x8d | 2026-11-20T16:36:19.1Z hello\n");
  EXPECT_EQ(LogFormat({Pods::kLeaveOut, true}, false, true).line(line), "hello\n");
}

TEST(LogFormatTest, EachPrefixKeepsAColorOfItsOwn) {
  LogFormat format({Pods::kShort, true}, false, true);
  const auto one = in("web-6c9f7-aaaaa", "app");
  const auto two = in("web-6c9f7-bbbbb", "app");
  const std::string first = format.line({.from = one, .text = "x"});
  EXPECT_NE(first.substr(0, 5), format.line({.from = two, .text = "x"}).substr(0, 5));
  EXPECT_EQ(first, format.line({.from = one, .text = "x"}));
  EXPECT_THAT(first, HasSubstr("aaaaa\033[0m | x\n"));
}

TEST(LogFormatTest, ALineThatWasCutSaysSo) {
  const auto from = in("web-1", "app");
  EXPECT_EQ(LogFormat({Pods::kLeaveOut, true}, false, false)
                .line({.from = from, .text = "begin", .cut = true}),
            "begin [cut: longer than 256 KiB]\n");
}

TEST(LineFilterTest, TakesExtendedExpressions) {
  const auto filter = LineFilter::make("err(or)?|^warn +[0-9]{2}$");
  ASSERT_TRUE(filter);
  EXPECT_TRUE(filter->passes("an err"));
  EXPECT_TRUE(filter->passes("warn  42"));
  EXPECT_FALSE(filter->passes("warn 4"));
  EXPECT_FALSE(filter->passes(""));
}

TEST(LineFilterTest, LooksBehindZeroBytesAndThroughLongLines) {
  const auto filter = LineFilter::make("(a|b)*end$");
  ASSERT_TRUE(filter);
  EXPECT_TRUE(filter->passes(std::string_view("a\0end", 5)));
  EXPECT_TRUE(filter->passes(std::string(200'000, 'a') + "end"));
}

TEST(LineFilterTest, WithoutAnExpressionEverythingPasses) {
  EXPECT_TRUE(LineFilter::make("")->passes("anything"));
}

TEST(LineFilterTest, SaysWhatIsWrongWithAnExpression) {
  const auto filter = LineFilter::make("(open");
  ASSERT_FALSE(filter);
  EXPECT_EQ(filter.error().code, ErrorCode::kUsage);
  EXPECT_THAT(filter.error().what, HasSubstr("(open"));
}

Result<LogsSpec> spec_of(std::vector<std::string> args) {
  args.insert(args.begin(), "logs");
  const auto parsed = parse_command_line("ferry", args);
  return parsed ? logs_spec(*parsed->invocation) : fail(parsed.error());
}

TEST(LogsSpecTest, UnderstandsWhatIsAskedFor) {
  const auto spec =
      spec_of({"deployment/app", "-f", "-c", "main", "--since", "10m", "--tail", "0"});
  ASSERT_TRUE(spec) << spec.error().summary();
  EXPECT_EQ(kube::to_string(spec->target), "deploy/app");
  EXPECT_TRUE(spec->follow);
  EXPECT_EQ(spec->container, "main");
  EXPECT_EQ(spec->since_seconds, 600);
  EXPECT_EQ(spec->tail, 0);
}

TEST(LogsSpecTest, ABareNameIsAPod) {
  EXPECT_EQ(kube::to_string(spec_of({"app-1"})->target), "pod/app-1");
  EXPECT_FALSE(spec_of({"app-1"})->tail.has_value());
}

TEST(LogsSpecTest, SlipsAreNamed) {
  EXPECT_THAT(spec_of({"deplyo/app"}).error().fix, HasSubstr("deploy"));
  EXPECT_EQ(spec_of({"app", "--since", "soon"}).error().code, ErrorCode::kUsage);
  EXPECT_EQ(spec_of({"app", "--grep", "["}).error().code, ErrorCode::kUsage);
  EXPECT_FALSE(spec_of({"app", "--tail", "-1"}));
}

}  // namespace
}  // namespace ferry::cli
