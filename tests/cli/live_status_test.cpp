#include "cli/live_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/cli/sample_status.h"

namespace ferry::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::size_t columns_of(const std::string& line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

TEST(SparklineTest, EachRateIsAPartOfTheLargest) {
  EXPECT_EQ(sparkline({0, 1, 50, 100}, 4, true), " ▁▄█");
  EXPECT_EQ(sparkline({0, 1, 50, 100}, 4, false), " _:#");
}

TEST(SparklineTest, OldRatesGoOutOnTheLeft) {
  EXPECT_EQ(sparkline({100, 0, 8}, 2, true), " █");
  EXPECT_EQ(sparkline({8}, 3, true), "  █");
  EXPECT_EQ(sparkline({}, 3, true), "   ");
}

const auto kNobody = fail(ErrorCode::kUnreachable, "asking", "nobody is there");

class LiveStatusTest : public ::testing::Test {
 protected:
  void later(std::uint64_t more_bytes) {
    now_ += 1000;
    status_.links[0].traffic.bytes_received += more_bytes;
    live_.update(status_, now_);
  }
  std::string picture(std::size_t columns = 120, std::size_t rows = 24) const {
    return live_.picture({.columns = columns, .rows = rows});
  }

  control::DaemonStatus status_ = sample_status();
  control::UnixMillis now_ = kSampleNow;
  LiveStatus live_;
};

TEST_F(LiveStatusTest, ThePictureShowsEachLinkWithWhatItsTunnelKnows) {
  live_.update(status_, now_);
  later(2048);
  later(4096);
  EXPECT_EQ(picture(),
            "ferryd 0.1.0, pid 42, running for 120m\n"
            "\n"
            "LINK  TARGET            STATE                              RATE       STREAMS  ROUND "
            "TRIP  RESUMES  ERRORS  TESTED\n"
            "3     svc/app           active                         ▄█  4.0 KiB/s  2        1.5 ms "
            "     2        1       14s ago\n"
            "4     host/db.internal  waiting                            0 B/s      0        -      "
            "     -        0       -\n"
            "      the tunnel is lost\n");
}

TEST_F(LiveStatusTest, NoLineIsLongerAndNoPictureHigherThanTheWindow) {
  for (int i = 0; i < 30; ++i) status_.links.push_back(status_.links[0]);
  later(1000);
  for (const std::size_t columns : {20U, 60U, 80U, 100U}) {
    const auto lines = lines_of(picture(columns, 10));
    EXPECT_EQ(lines.size(), 10U);
    for (const auto& line : lines) EXPECT_LE(columns_of(line), columns) << line;
  }
  EXPECT_THAT(picture(120, 10), HasSubstr("lines more"));
}

TEST_F(LiveStatusTest, ColoursAreForThoseWhoWantThem) {
  later(0);
  EXPECT_THAT(picture(), Not(HasSubstr("\033")));
  EXPECT_THAT(live_.picture({.columns = 120, .color = true}), HasSubstr("\033[32mactive\033[0m"));
}

TEST_F(LiveStatusTest, WhatComesFromElsewhereCannotPaintTheTerminal) {
  status_.links[1].reason = "no\n\033[2Jway";
  later(0);
  EXPECT_THAT(picture(), HasSubstr("no ?[2Jway"));
}

TEST_F(LiveStatusTest, ANarrowWindowHidesTheResumesFirstAndTheTestsLast) {
  live_.update(status_, now_);
  std::size_t columns = 120;
  while (picture(columns).find("RESUMES") != std::string::npos) --columns;
  EXPECT_THAT(picture(columns), HasSubstr("ROUND TRIP"));
  while (picture(columns).find("ROUND TRIP") != std::string::npos) --columns;
  EXPECT_THAT(picture(columns), HasSubstr("TESTED"));
}

TEST_F(LiveStatusTest, ADaemonThatEndedLeavesItsLastPicture) {
  live_.update(status_, now_);
  live_.update(kNobody, now_ + 1000);
  EXPECT_THAT(live_.changes(), ElementsAre("ferryd has ended"));
  live_.update(kNobody, now_ + 4000);
  EXPECT_THAT(live_.changes(), IsEmpty());
  EXPECT_THAT(picture(), HasSubstr("pid 42, ended 3s ago; this is what was last seen"));
  EXPECT_THAT(picture(), HasSubstr("svc/app"));
  status_.pid = 43;
  live_.update(status_, now_ + 5000);
  EXPECT_THAT(live_.changes(), ElementsAre("ferryd runs again, pid 43"));
}

TEST_F(LiveStatusTest, ADaemonThatHangsHasNotEnded) {
  const auto silent = fail(ErrorCode::kTimedOut, "asking", "no answer");
  live_.update(status_, now_);
  live_.update(silent, now_ + 6000);
  EXPECT_THAT(live_.changes(), ElementsAre("ferryd does not answer"));
  live_.update(silent, now_ + 12000);
  EXPECT_THAT(live_.changes(), IsEmpty());
  EXPECT_THAT(picture(), HasSubstr("pid 42, has not answered for 6s; this is what was last seen"));
  live_.update(status_, now_ + 13000);
  EXPECT_THAT(live_.changes(), ElementsAre("ferryd answers again, pid 42"));
}

TEST_F(LiveStatusTest, WithoutADaemonItSaysSo) {
  live_.update(kNobody, now_);
  EXPECT_THAT(live_.changes(), ElementsAre("ferryd is not running"));
  EXPECT_EQ(picture(), "ferryd is not running; it starts with the first link\n\n");
}

TEST_F(LiveStatusTest, AtFirstAllThereIsIsNews) {
  live_.update(status_, now_);
  EXPECT_THAT(live_.changes(),
              ElementsAre("ferryd runs, pid 42", "tunnel t1 pod/ferry-proxy-x: ready",
                          "link 3 svc/app: active",
                          "link 4 host/db.internal: waiting: the tunnel is lost"));
  live_.update(status_, now_ + 1000);
  EXPECT_THAT(live_.changes(), IsEmpty());
}

TEST_F(LiveStatusTest, TrafficAloneIsNoNews) {
  live_.update(status_, now_);
  later(5000);
  EXPECT_THAT(live_.changes(), IsEmpty());
}

TEST_F(LiveStatusTest, ChangesOfStatesAreNewsHoweverShort) {
  live_.update(status_, now_);
  status_.links[0].since += 500;  // waiting, and active again
  status_.links[1].state = control::LinkState::kActive;
  status_.links[1].reason.clear();
  status_.tunnels[0].reconnects += 1;
  later(0);
  EXPECT_THAT(live_.changes(),
              ElementsAre("tunnel t1 pod/ferry-proxy-x: ready again",
                          "link 3 svc/app: active again", "link 4 host/db.internal: active"));
}

TEST_F(LiveStatusTest, AFailedConnectionAndALinkThatEndedAreNews) {
  live_.update(status_, now_);
  status_.links[0].traffic.failed_connections += 2;
  status_.links.pop_back();
  later(0);
  EXPECT_THAT(live_.changes(),
              ElementsAre("link 3 svc/app: 2 connections failed: connecting to app:80: connection "
                          "refused",
                          "link 4 host/db.internal: gone"));
}

}  // namespace
}  // namespace ferry::cli
