#include "tunnel/scheduler.h"

#include <gtest/gtest.h>

#include <array>
#include <map>

namespace ferry::tunnel {
namespace {

constexpr std::size_t kLimit = std::size_t{64} * 1024;

class SchedulerTest : public ::testing::Test {
 protected:
  SchedulerTest() {
    for (std::size_t i = 0; i < streams_.size(); ++i) streams_[i].id = static_cast<StreamId>(i);
  }

  // Sends until it no longer may, and waits then.
  std::size_t send_all_it_may(Stream& stream, std::size_t frame) {
    std::size_t n = 0;
    while (scheduler_.may_send(stream, unsent_, now_)) {
      scheduler_.sent(stream, frame, now_);
      unsent_ += frame;
      n += frame;
    }
    scheduler_.wait(stream);
    return n;
  }

  Scheduler scheduler_{kLimit};
  std::array<Stream, 8> streams_{};
  std::size_t unsent_ = 0;
  TimePoint now_{std::chrono::hours(1)};
};

TEST_F(SchedulerTest, OneBulkStreamFillsTheLimitAndNoMore) {
  EXPECT_LE(send_all_it_may(streams_[0], 16384), kLimit + 16384);
  EXPECT_EQ(scheduler_.grant(unsent_, now_), nullptr);
  unsent_ = 0;
  EXPECT_EQ(scheduler_.grant(unsent_, now_), &streams_[0]);
}

TEST_F(SchedulerTest, BulkStreamsTakeTurnsWhateverTheirFrameSizes) {
  const std::array<std::size_t, 3> frame_sizes = {16384, 1400, 5000};
  std::array<std::size_t, 3> sent{};
  for (std::size_t i = 0; i < 3; ++i) send_all_it_may(streams_[i], frame_sizes[i]);
  for (int round = 0; round < 300; ++round) {
    unsent_ = 0;
    while (Stream* next = scheduler_.grant(unsent_, now_)) {
      sent[next->id] += send_all_it_may(*next, frame_sizes[next->id]);
    }
  }
  for (std::size_t i = 1; i < 3; ++i) {
    EXPECT_NEAR(static_cast<double>(sent[i]) / static_cast<double>(sent[0]), 1.0, 0.05) << i;
  }
}

TEST_F(SchedulerTest, ASparseStreamPassesTheBulkOnes) {
  for (std::size_t i = 0; i < 4; ++i) send_all_it_may(streams_[i], 16384);
  ASSERT_GE(unsent_, kLimit);
  EXPECT_TRUE(scheduler_.may_send(streams_[5], unsent_, now_)) << "a little beyond the limit";
  unsent_ = kLimit + Scheduler::kSparseExtra;
  EXPECT_FALSE(scheduler_.may_send(streams_[5], unsent_, now_));
  scheduler_.wait(streams_[5]);
  unsent_ = 0;
  EXPECT_EQ(scheduler_.grant(unsent_, now_), &streams_[5]) << "though it came last";
}

TEST_F(SchedulerTest, SparseStreamsLeaveAShareToTheOthers) {
  std::array<std::size_t, 8> sent{};
  send_all_it_may(streams_[0], 16384);
  // Seven streams of 5,000 bytes every 11 ms, on a carrier that takes less than that.
  for (int round = 0; round < 2000; ++round) {
    now_ += std::chrono::milliseconds(11);
    unsent_ -= std::min<std::size_t>(unsent_, 30'000);
    while (Stream* next = scheduler_.grant(unsent_, now_)) {
      const std::size_t frame = next->id == 0 ? 16384 : 5000;
      scheduler_.sent(*next, frame, now_);
      unsent_ += frame;
      sent[next->id] += frame;
      if (next->id == 0) scheduler_.wait(*next);
    }
    for (std::size_t i = 1; i < 8; ++i) {
      if (streams_[i].turn.hook.linked()) continue;
      if (!scheduler_.may_send(streams_[i], unsent_, now_)) {
        scheduler_.wait(streams_[i]);
        continue;
      }
      scheduler_.sent(streams_[i], 5000, now_);
      unsent_ += 5000;
    }
  }
  EXPECT_GT(sent[0], std::size_t{2000} * 30'000 / 8);
}

TEST_F(SchedulerTest, AStreamIsSparseAgainAfterAPause) {
  send_all_it_may(streams_[0], 16384);
  scheduler_.remove(streams_[0]);
  now_ += std::chrono::milliseconds(50);
  EXPECT_TRUE(scheduler_.may_send(streams_[0], kLimit, now_));
}

TEST_F(SchedulerTest, WaitingForATurnIsNoPause) {
  send_all_it_may(streams_[0], 16384);
  now_ += std::chrono::seconds(5);
  EXPECT_FALSE(scheduler_.may_send(streams_[0], kLimit, now_));
}

TEST_F(SchedulerTest, GrantsThatNobodyComesForAreForgotten) {
  for (Stream& stream : streams_) {
    stream.turn.last_sent = now_;
    stream.turn.burst = 100'000;
    scheduler_.wait(stream);
  }
  int granted = 0;
  while (scheduler_.grant(0, now_) != nullptr) ++granted;
  EXPECT_EQ(granted, 4) << "64 KiB of room, 16 KiB each";
  ASSERT_TRUE(scheduler_.deadline().has_value());
  now_ = *scheduler_.deadline();
  scheduler_.on_timeout(now_);
  EXPECT_NE(scheduler_.grant(0, now_), nullptr);
}

TEST_F(SchedulerTest, AStreamThatLeavesGivesItsTurnAway) {
  scheduler_.wait(streams_[0]);
  scheduler_.wait(streams_[1]);
  scheduler_.remove(streams_[0]);
  EXPECT_EQ(scheduler_.grant(0, now_), &streams_[1]);
  EXPECT_EQ(scheduler_.grant(0, now_), nullptr);
}

}  // namespace
}  // namespace ferry::tunnel
