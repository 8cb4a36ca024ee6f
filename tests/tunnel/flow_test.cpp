// Many streams at once: who waits for whom, and how much memory that takes.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/tunnel/pair.h"

namespace ferry::tunnel {
namespace {

using testing::Pair;

constexpr std::size_t kMiB = std::size_t{1024} * 1024;

TEST(FlowTest, AStalledStreamStopsNobody) {
  Pair pair;
  pair.establish();
  const StreamId stalled = pair.daemon.open("stalled", pair.now);
  pair.proxy.stream(stalled).consumes = false;
  pair.daemon.send(stalled, std::string(20 * kMiB, 's'));
  const StreamId lively = pair.daemon.open("lively", pair.now);
  pair.daemon.send(lively, std::string(5 * kMiB, 'l'));
  ASSERT_TRUE(pair.run());
  EXPECT_EQ(pair.proxy.stream(lively).received.size(), 5 * kMiB);
  EXPECT_LE(pair.proxy.stream(stalled).received.size(), Options{}.initial_credit);
}

TEST(FlowTest, AStreamGoesOnWhenItsReceiverDoes) {
  Pair pair;
  pair.establish();
  const StreamId id = pair.daemon.open("app", pair.now);
  pair.proxy.stream(id).consumes = false;
  pair.daemon.send(id, std::string(kMiB, 's'));
  ASSERT_TRUE(pair.run());
  const std::size_t before = pair.proxy.stream(id).received.size();
  ASSERT_LT(before, kMiB);
  pair.proxy.stream(id).consumes = true;
  pair.proxy.consume(id, before);
  ASSERT_TRUE(pair.run());
  EXPECT_EQ(pair.proxy.stream(id).received.size(), kMiB);
}

TEST(FlowTest, WhatTheCarrierDoesNotTakeStaysOutside) {
  Pair pair;
  pair.establish();
  pair.up.capacity = 0;
  std::size_t waiting = 0;
  for (int i = 0; i < 50; ++i) {
    const StreamId id = pair.daemon.open("app", pair.now);
    pair.daemon.send(id, std::string(kMiB, 'x'));
  }
  pair.run();
  for (const auto& [id, stream] : pair.daemon.streams()) {
    waiting += stream.outbox.size() - stream.outbox_done;
  }
  EXPECT_LE(pair.daemon.session().stats().ring_bytes, Options{}.unsent_limit + 128 * 1024);
  EXPECT_GT(waiting, 49 * kMiB);
}

TEST(FlowTest, BulkStreamsShareTheCarrierEvenly) {
  Pair pair;
  pair.establish();
  pair.take_size = [] { return std::size_t{64} * 1024; };
  std::vector<StreamId> ids;
  for (int i = 0; i < 8; ++i) ids.push_back(pair.daemon.open("app", pair.now));
  for (const StreamId id : ids) pair.daemon.send(id, std::string(8 * kMiB, 'x'));
  while (pair.proxy.stream(ids[0]).received.size() < 2 * kMiB) ASSERT_TRUE(pair.step());
  for (const StreamId id : ids) {
    EXPECT_GT(pair.proxy.stream(id).received.size(), kMiB * 3 / 2) << id;
    EXPECT_LT(pair.proxy.stream(id).received.size(), kMiB * 5 / 2) << id;
  }
}

TEST(FlowTest, AKeystrokePassesABulkTransfer) {
  Pair pair;
  pair.establish();
  pair.take_size = [] { return std::size_t{64} * 1024; };
  const StreamId bulk = pair.daemon.open("bulk", pair.now);
  const StreamId keys = pair.daemon.open("keys", pair.now);
  pair.daemon.send(bulk, std::string(40 * kMiB, 'x'));
  for (int i = 0; i < 100; ++i) pair.step();
  const std::size_t bulk_before = pair.proxy.stream(bulk).received.size();
  pair.daemon.send(keys, "k");
  while (pair.proxy.stream(keys).received.empty()) ASSERT_TRUE(pair.step());
  const std::size_t ahead = pair.proxy.stream(bulk).received.size() - bulk_before;
  EXPECT_LE(ahead, Options{}.unsent_limit + 192 * 1024) << "bytes that it had to wait for";
}

TEST(FlowTest, AFullRingWaitsAndLosesNothing) {
  Options options;
  options.max_streams = 16;
  options.ring_start = options.ring_max = 65536;
  Pair pair(options);
  pair.establish();
  pair.up.stalled = true;
  const StreamId id = pair.daemon.open("app", pair.now);
  pair.daemon.send(id, std::string(kMiB, 'x'));
  pair.run();
  EXPECT_TRUE(pair.daemon.session().reserve(id).empty());
  // Closing gets through, though there is no room for data.
  const StreamId other = pair.daemon.open("other", pair.now);
  if (other != 0) pair.daemon.finish(other);
  pair.up.stalled = false;
  pair.daemon.finish(id);
  ASSERT_TRUE(pair.run());
  EXPECT_EQ(pair.proxy.stream(id).received.size(), kMiB);
  EXPECT_TRUE(pair.proxy.stream(id).finished);
}

TEST(FlowTest, ClosingFitsIntoARingFullOfData) {
  Options options;
  options.max_streams = 2000;
  options.ring_start = options.ring_max = 1;  // the least that works
  options.unsent_limit = kMiB;
  Pair pair(options);
  pair.establish();
  pair.up.capacity = 0;
  std::vector<StreamId> ids;
  for (int i = 0; i < 1900; ++i) ids.push_back(pair.daemon.open("app", pair.now));
  for (const StreamId id : ids) pair.daemon.send(id, std::string(100'000, 'x'));
  ASSERT_TRUE(pair.daemon.session().reserve(ids[0]).empty());
  for (const StreamId id : ids) {
    pair.daemon.session().finish(id);
    pair.daemon.reset(id);
  }
  EXPECT_LE(pair.daemon.session().stats().ring_bytes, 65536U + 2000 * 32);
}

TEST(FlowTest, FullRingsOnBothSidesDoNotDeadlock) {
  Options options;
  options.max_streams = 16;
  options.ring_start = options.ring_max = 65536;
  Pair pair(options);
  pair.establish();
  pair.up.capacity = pair.down.capacity = 20'000;
  const StreamId id = pair.daemon.open("app", pair.now);
  pair.daemon.send(id, std::string(2 * kMiB, 'u'));
  ASSERT_TRUE(pair.step());
  pair.run();
  pair.proxy.send(id, std::string(2 * kMiB, 'd'));
  pair.daemon.send(id, std::string(2 * kMiB, 'u'));
  pair.cut();
  ASSERT_TRUE(pair.run());
  EXPECT_EQ(pair.proxy.stream(id).received.size(), 4 * kMiB);
  EXPECT_EQ(pair.daemon.stream(id).received.size(), 2 * kMiB);
}

TEST(FlowTest, TheRingGrowsForALongRoundTripOnly) {
  Pair pair;
  pair.establish();
  const StreamId id = pair.daemon.open("app", pair.now);
  for (int i = 0; i < 20; ++i) {
    pair.daemon.send(id, std::string(2 * kMiB, 'x'));
    ASSERT_TRUE(pair.run());
  }
  EXPECT_LE(pair.daemon.session().stats().ring_memory, 8 * kMiB);
  EXPECT_EQ(pair.daemon.session().stats().ring_bytes, 0U);
}

TEST(FlowTest, AnIdleSessionHoldsAlmostNothing) {
  Pair pair;
  pair.establish();
  const StreamId id = pair.daemon.open("app", pair.now);
  pair.daemon.send(id, std::string(20 * kMiB, 'x'));
  ASSERT_TRUE(pair.run());
  pair.pass(std::chrono::seconds(9));
  EXPECT_EQ(pair.daemon.session().stats().ring_memory, 0U);
}

TEST(FlowTest, IdleStreamsGiveTheirCreditBack) {
  Pair pair;
  pair.establish();
  std::vector<StreamId> ids;
  for (int i = 0; i < 60; ++i) ids.push_back(pair.daemon.open("app", pair.now));
  for (const StreamId id : ids) pair.daemon.send(id, std::string(kMiB, 'x'));
  ASSERT_TRUE(pair.run());
  const std::size_t busy = pair.proxy.session().stats().credit_granted;
  pair.pass(std::chrono::seconds(6));
  const std::size_t idle = pair.proxy.session().stats().credit_granted;
  EXPECT_GT(busy, 10 * kMiB);
  EXPECT_LE(idle, 60 * 32 * 1024 + Options{}.window_budget / 8);
  // And they take up again where they were.
  for (const StreamId id : ids) pair.daemon.send(id, std::string(kMiB, 'y'));
  ASSERT_TRUE(pair.run());
  for (const StreamId id : ids) EXPECT_EQ(pair.proxy.stream(id).received.size(), 2 * kMiB);
}

TEST(FlowTest, ManyIdleStreamsKeepLessEach) {
  constexpr std::size_t kMany = 4000;
  Pair pair;
  pair.establish();
  for (std::size_t i = 0; i < kMany; ++i) {
    pair.daemon.send(pair.daemon.open("app", pair.now), std::string(std::size_t{32} * 1024, 'x'));
    ASSERT_TRUE(pair.run());
  }
  pair.pass(std::chrono::seconds(6));
  const std::size_t idle = pair.proxy.session().stats().credit_granted;
  EXPECT_LE(idle, kMany * 3 * 1024 + Options{}.window_budget / 8);
  EXPECT_GE(idle, kMany * 1024);
}

TEST(FlowTest, AFinishedStreamHoldsNoCredit) {
  Pair pair;
  pair.establish();
  const std::size_t before = pair.proxy.session().stats().credit_granted;
  const StreamId id = pair.daemon.open("app", pair.now);
  pair.daemon.send(id, "request");
  pair.daemon.finish(id);
  ASSERT_TRUE(pair.run());
  EXPECT_EQ(pair.proxy.stream(id).end, "") << "the answer is still to come";
  EXPECT_LE(pair.proxy.session().stats().credit_granted, before - 200'000)
      << "its claim came out of what was granted before";
}

TEST(FlowTest, OpeningCreditThatWasLostWithItsCarrierIsToldAgain) {
  Pair pair;
  pair.establish();
  pair.down.stalled = true;
  for (int i = 0; i < 1000; ++i) {  // more than the first opening credit is enough for
    const StreamId id = pair.daemon.open("app", pair.now);
    pair.daemon.send(id, "x");
  }
  pair.run();
  pair.cut();
  pair.down.stalled = false;
  ASSERT_TRUE(pair.run());
  pair.down.stalled = true;
  const StreamId id = pair.daemon.open("app", pair.now);
  pair.daemon.send(id, "at once");
  pair.run();
  EXPECT_EQ(pair.proxy.stream(id).received, "at once");
}

class StalledStreamsTest : public ::testing::Test {
 protected:
  static constexpr int kStreams = 10'000;
  static constexpr std::size_t kBudget = 32 * kMiB + std::size_t{16384} * 2048;

  void open_and_stall() {
    pair_.establish();
    for (int i = 0; i < kStreams; ++i) {
      const StreamId id = pair_.daemon.open("app", pair_.now);
      ASSERT_NE(id, 0U);
      pair_.proxy.stream(id).consumes = false;
      pair_.daemon.send(id, std::string(40'000, 'x'));
      if (i % 100 == 0) pair_.step();
    }
    ASSERT_TRUE(pair_.run());
  }

  Pair pair_;
};

TEST_F(StalledStreamsTest, TenThousandOfThemStayInTheirBudget) {
  ASSERT_NO_FATAL_FAILURE(open_and_stall());
  std::size_t held = 0;
  for (const auto& [id, stream] : pair_.proxy.streams()) held += stream.unconsumed;
  EXPECT_GT(held, std::size_t{kStreams} * 1000);
  EXPECT_LE(held, pair_.proxy.session().stats().credit_granted);
  EXPECT_LE(pair_.proxy.session().stats().credit_granted, kBudget);
  EXPECT_EQ(pair_.proxy.session().stats().streams, static_cast<std::uint32_t>(kStreams));
}

TEST_F(StalledStreamsTest, ANewStreamAnswersBesideTenThousandOfThem) {
  ASSERT_NO_FATAL_FAILURE(open_and_stall());
  const TimePoint before = pair_.now;
  const StreamId id = pair_.daemon.open("fresh", pair_.now);
  pair_.daemon.send(id, "GET / HTTP/1.1");
  while (pair_.proxy.stream(id).received.empty()) ASSERT_TRUE(pair_.step());
  pair_.proxy.send(id, std::string(10'000, 'r'));
  while (pair_.daemon.stream(id).received.size() < 10'000) ASSERT_TRUE(pair_.step());
  EXPECT_LT(pair_.now - before, std::chrono::milliseconds(10)) << "of simulated time";
}

}  // namespace
}  // namespace ferry::tunnel
