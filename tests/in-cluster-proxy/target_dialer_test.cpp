#include "in-cluster-proxy/target_dialer.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/net/harness.h"

namespace ferry::proxy {
namespace {

class TargetDialerTest : public ::testing::Test {
 protected:
  using Attempts = std::vector<std::unique_ptr<TargetDialer::Attempt>>;

  // As many as it gets for one session.
  static Attempts greedy(TargetDialer& dialer) {
    Attempts own;
    while (auto attempt = dialer.dial({"127.0.0.1", 1}, own.size(), [](auto, const auto&) {})) {
      own.push_back(std::move(attempt));
    }
    return own;
  }
  Attempts greedy() { return greedy(dialer_); }

  net::testing::TestLoop loop_;
  TargetPolicy policy_{{}};
  static constexpr std::size_t kSessions = 64;
  TargetDialer dialer_{*loop_, policy_, std::chrono::seconds(10), 1024, kSessions};
};

TEST_F(TargetDialerTest, ASessionAloneMayHaveMostOfTheAttempts) {
  EXPECT_EQ(greedy().size(), 768U);
  EXPECT_EQ(greedy().size(), 768U) << "those that have ended count no more";
}

TEST_F(TargetDialerTest, HoweverManyGreedySessionsThereAreEachHasAFirstAttempt) {
  std::vector<Attempts> sessions;
  for (std::size_t session = 0; session < kSessions; ++session) {
    sessions.push_back(greedy());
    EXPECT_FALSE(sessions.back().empty()) << session;
  }
  // Those that begin again, when the others have taken what they left.
  for (int turn = 0; turn < 3; ++turn) {
    for (std::size_t session = 0; session + 1 < kSessions; session += 7) {
      sessions[session].clear();
      sessions[session + 1].clear();
      sessions[session + 1] = greedy();
      sessions[session] = greedy();
      EXPECT_FALSE(sessions[session].empty()) << session;
    }
  }
}

TEST_F(TargetDialerTest, WithFewerAttemptsThanSessionsEachHasOneAsLongAsThereAreAny) {
  TargetDialer dialer{*loop_, policy_, std::chrono::seconds(10), 3, kSessions};
  std::vector<Attempts> sessions;
  for (int session = 0; session < 5; ++session) sessions.push_back(greedy(dialer));
  for (std::size_t session = 0; session < 5; ++session) {
    EXPECT_EQ(sessions[session].size(), session < 3 ? 1U : 0U);
  }
}

}  // namespace
}  // namespace ferry::proxy
