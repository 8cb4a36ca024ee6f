#include "daemon/link_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ferry::daemon {
namespace {

using control::LinkState;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LinkFindingsTest : public ::testing::Test {
 protected:
  LinkFindingsTest() {
    link_.id = "f1";
    link_.state = LinkState::kWaiting;
    link_.reason = "no ready endpoints";
  }

  std::vector<std::string> codes() const {
    std::vector<std::string> all;
    for (const auto& finding : link_findings(link_, tunnels_)) {
      EXPECT_EQ(finding.object, "link/f1");
      all.emplace_back(name_of(finding.code));
    }
    return all;
  }
  void swapped(control::SwapPhase phase) {
    link_.swap.emplace();
    link_.swap->phase = phase;
    link_.swap->ports = {{.local = 8081, .remote = 80, .open = true}};
    link_.swap->probes = {{.probe = "readiness", .ok = true}};
  }

  control::LinkStatus link_;
  std::vector<control::TunnelStatus> tunnels_;
};

TEST_F(LinkFindingsTest, AnActiveLinkHasNone) {
  link_.state = LinkState::kActive;
  EXPECT_THAT(codes(), IsEmpty());
}

TEST_F(LinkFindingsTest, AReasonThatNothingElseExplainsIsPassedOn) {
  link_.last_error = Error{ErrorCode::kForbidden, "listing", "no right", "ask"};
  EXPECT_THAT(codes(), ElementsAre("link-waits"));
  const auto finding = link_findings(link_, tunnels_).at(0);
  EXPECT_THAT(finding.cause, HasSubstr("no ready endpoints"));
  EXPECT_EQ(finding.fix, "ask");
}

TEST_F(LinkFindingsTest, ItsOwnTunnelIsToldAndNoOther) {
  link_.tunnel = "t2";
  tunnels_ = {{.id = "t1", .state = control::TunnelState::kLost},
              {.id = "t2", .state = control::TunnelState::kReady}};
  EXPECT_THAT(codes(), ElementsAre("link-waits"));
  tunnels_[1].state = control::TunnelState::kLost;
  tunnels_[1].last_error = Error{ErrorCode::kUnreachable, "dialling", "refused", "look"};
  EXPECT_THAT(codes(), ElementsAre("tunnel-down"));
  EXPECT_THAT(link_findings(link_, tunnels_).at(0).evidence, Contains(HasSubstr("refused")));
}

TEST_F(LinkFindingsTest, ASwapsLocalPortComesBeforeItsProbes) {
  swapped(control::SwapPhase::kSwapped);
  link_.swap->ports[0].open = false;
  link_.swap->probes[0].ok = false;
  EXPECT_THAT(codes(), ElementsAre("local-port-closed"));
  link_.swap->ports[0].open = true;
  link_.swap->probes[0].message = "HTTP 503";
  EXPECT_THAT(codes(), ElementsAre("local-probe-fails"));
  EXPECT_THAT(link_findings(link_, tunnels_).at(0).evidence, Contains(HasSubstr("HTTP 503")));
}

TEST_F(LinkFindingsTest, NobodyAsksTheLocalSideBeforeTheTunnelStands) {
  swapped(control::SwapPhase::kStarting);
  link_.swap->ports[0].open = false;
  EXPECT_THAT(codes(), ElementsAre("link-waits"));
}

}  // namespace
}  // namespace ferry::daemon
