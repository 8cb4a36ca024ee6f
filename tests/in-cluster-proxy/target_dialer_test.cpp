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
  Attempts greedy() {
    Attempts own;
    while (auto attempt = dialer_.dial({"127.0.0.1", 1}, own.size(), [](auto, const auto&) {})) {
      own.push_back(std::move(attempt));
    }
    return own;
  }

  net::testing::TestLoop loop_;
  TargetPolicy policy_{{}};
  TargetDialer dialer_{*loop_, policy_, std::chrono::seconds(10), 1024};
};

TEST_F(TargetDialerTest, ASessionAloneMayHaveMostOfTheAttempts) {
  EXPECT_EQ(greedy().size(), 820U);
  EXPECT_EQ(greedy().size(), 820U) << "those that have ended count no more";
}

TEST_F(TargetDialerTest, GreedySessionsLeaveSomethingForTheNext) {
  std::vector<Attempts> sessions;
  for (int session = 0; session < 3; ++session) {
    sessions.push_back(greedy());
    EXPECT_FALSE(sessions.back().empty());
  }
}

}  // namespace
}  // namespace ferry::proxy
