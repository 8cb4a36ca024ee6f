#include "tunnel/memory_budget.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/tunnel/pair.h"
#include "tunnel/replay_ring.h"
#include "tunnel/stream_table.h"

namespace ferry::tunnel {
namespace {

using testing::Pair;

constexpr std::size_t kMebibyte = std::size_t{1024} * 1024;

// Takes what it may in small pieces, as streams do.
void take_all(MemoryShare& share) {
  while (share.spare() >= 1000) share.take(1000);
}

TEST(MemoryPoolTest, OneAloneGetsMostOfIt) {
  MemoryPool pool(100 * kMebibyte);
  MemoryShare share(&pool);
  take_all(share);
  EXPECT_NEAR(static_cast<double>(pool.used()), 80.0 * kMebibyte, 10'000);
}

TEST(MemoryPoolTest, WhoComesLaterStillGetsSomething) {
  MemoryPool pool(100 * kMebibyte);
  std::vector<std::unique_ptr<MemoryShare>> greedy;
  for (int i = 0; i < 3; ++i) {
    const std::size_t before = pool.used();
    take_all(*greedy.emplace_back(std::make_unique<MemoryShare>(&pool)));
    EXPECT_GE(pool.used() - before, 3 * kMebibyte);
  }
  EXPECT_GT(greedy.back()->left(), 0U);
}

TEST(MemoryPoolTest, AShareThatEndsIsGivenBack) {
  MemoryPool pool(kMebibyte);
  {
    MemoryShare share(&pool);
    share.take(1000);
    EXPECT_EQ(pool.used(), 1000U);
  }
  EXPECT_EQ(pool.used(), 0U);
}

// Sessions of one proxy. Whoever is uploaded to reads nothing; who is sent to acknowledges nothing.
class BusySessions {
 public:
  static constexpr int kStreams = 40;
  static constexpr std::size_t kBytes = kMebibyte + 7777;  // no whole number of frames

  BusySessions(int count, MemoryBudget& budget) {
    for (int i = 0; i < count; ++i) {
      pairs_.push_back(std::make_unique<Pair>(Options{}, Options{}, &budget));
      pairs_.back()->establish();
    }
  }
  // Every other session is uploaded to; the others send.
  bool stall() {
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      Pair& pair = *pairs_[i];
      for (int n = 0; n < kStreams; ++n) {
        pair.proxy.stream(pair.daemon.open("app", pair.now)).consumes = false;
      }
      if (!pair.run()) return false;
      const bool uploads = i % 2 == 0;
      pair.up.stalled = !uploads;
      for (auto& [id, stream] : pair.proxy.streams()) {
        (uploads ? pair.daemon : pair.proxy).send(id, std::string(kBytes, 'x'));
      }
      if (!pair.run()) return false;
    }
    return true;
  }
  bool go_on() {
    for (auto& pair : pairs_) {
      pair->up.stalled = false;
      for (auto& [id, stream] : pair->proxy.streams()) {
        stream.consumes = true;
        pair->proxy.consume(id, stream.unconsumed);
      }
      if (!pair->run()) return false;
    }
    return true;
  }
  // What peers of the process may send to it.
  std::size_t granted() {
    std::size_t sum = 0;
    for (auto& pair : pairs_) sum += pair->proxy.session().stats().credit_granted;
    return sum;
  }
  std::size_t arrived() {
    std::size_t sum = 0;
    for (auto& pair : pairs_) {
      for (auto& [id, stream] : pair->proxy.streams()) sum += stream.received.size();
      for (auto& [id, stream] : pair->daemon.streams()) sum += stream.received.size();
    }
    return sum;
  }

 private:
  std::vector<std::unique_ptr<Pair>> pairs_;
};

TEST(MemoryBudgetTest, SessionsThatStallStayWithinTheBudgetAndGoOnLater) {
  constexpr int kSessions = 10;
  MemoryBudget budget{MemoryPool(8 * kMebibyte), MemoryPool(8 * kMebibyte),
                      MemoryPool(8 * kMebibyte)};
  {
    BusySessions sessions(kSessions, budget);
    ASSERT_TRUE(sessions.stall());
    const std::size_t least_credit = BusySessions::kStreams * Options{}.min_credit;
    EXPECT_LE(budget.windows.used(), budget.windows.limit());
    EXPECT_LE(sessions.granted(), budget.windows.limit() + kSessions * least_credit);
    EXPECT_LE(budget.rings.used(), budget.rings.limit() + kSessions * ReplayRing::kBlockSize);
    EXPECT_GE(budget.windows.used(), budget.windows.limit() / 2);
    EXPECT_GE(budget.rings.used(), budget.rings.limit() / 2);
    ASSERT_TRUE(sessions.go_on());
    EXPECT_EQ(sessions.arrived(), kSessions * BusySessions::kStreams * BusySessions::kBytes);
  }
  EXPECT_EQ(budget.windows.used() + budget.rings.used() + budget.streams.used(), 0U);
}

TEST(MemoryBudgetTest, ARingThatAResumeAcknowledgesIsGivenBack) {
  MemoryBudget budget{MemoryPool(kMebibyte), MemoryPool(kMebibyte), MemoryPool(kMebibyte)};
  Pair pair({}, {}, &budget);
  pair.establish();
  const StreamId id = pair.daemon.open("app", pair.now);
  ASSERT_TRUE(pair.run());
  pair.up.stalled = true;  // no acknowledgement comes back
  pair.proxy.send(id, "answer");
  pair.pass(std::chrono::seconds(5));
  ASSERT_EQ(pair.daemon.stream(id).received, "answer");
  EXPECT_GT(budget.rings.used(), 0U);
  pair.up.stalled = false;
  pair.cut();
  ASSERT_TRUE(pair.run());
  pair.pass(std::chrono::seconds(5));
  EXPECT_EQ(budget.rings.used(), 0U);
}

TEST(MemoryBudgetTest, StreamsBeyondItAreRefused) {
  MemoryBudget budget{MemoryPool(kMebibyte), MemoryPool(kMebibyte),
                      MemoryPool(100 * StreamTable::kStreamMemory)};
  Pair pair({}, {}, &budget);
  pair.establish();
  for (int i = 0; i < 150; ++i) pair.daemon.open("app", pair.now);
  ASSERT_TRUE(pair.run());
  std::size_t refused = 0;
  for (const auto& [id, stream] : pair.daemon.streams()) {
    if (stream.end == "refused:limit:") ++refused;
  }
  EXPECT_EQ(refused, 50U);
  EXPECT_EQ(pair.proxy.open("caller", pair.now), 0U);
  pair.daemon.reset(1);
  ASSERT_TRUE(pair.run());
  EXPECT_NE(pair.proxy.open("caller", pair.now), 0U);
}

}  // namespace
}  // namespace ferry::tunnel
