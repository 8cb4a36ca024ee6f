#include "tunnel/replay_ring.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tunnel/frame.h"

namespace ferry::tunnel {
namespace {

std::vector<std::uint8_t> frame_of(std::size_t payload, std::uint8_t fill) {
  std::vector<std::uint8_t> frame(kHeaderSize + payload, fill);
  put_header({FrameType::kData, 0, static_cast<std::uint16_t>(payload), 1}, frame.data());
  return frame;
}

std::string take(ReplayRing& ring, std::size_t max) {
  std::vector<Bytes> pieces;
  const std::size_t n = ring.take(max, pieces);
  std::string all;
  for (const Bytes piece : pieces) all.append(as_text(piece));
  EXPECT_EQ(all.size(), n);
  return all;
}

TEST(ReplayRingTest, GivesOutWholeFramesOnly) {
  MemoryShare memory{nullptr};
  ReplayRing ring(memory);
  for (int i = 0; i < 3; ++i) ring.append(frame_of(100, 1));
  EXPECT_EQ(take(ring, 250).size(), 216U);
  EXPECT_EQ(take(ring, 1).size(), 108U) << "at least one, or nothing would move";
  EXPECT_EQ(take(ring, 1).size(), 0U);
}

TEST(ReplayRingTest, SendsAgainFromWhereThePeerGotTo) {
  MemoryShare memory{nullptr};
  ReplayRing ring(memory);
  for (std::uint8_t i = 0; i < 100; ++i) ring.append(frame_of(10'000, i));
  const std::string all = take(ring, 10'000'000);
  ASSERT_TRUE(ring.acknowledge(3 * 10'008));
  ASSERT_TRUE(ring.rewind(40 * 10'008));
  EXPECT_EQ(ring.acked(), 40U * 10'008);
  EXPECT_EQ(take(ring, 10'000'000), all.substr(40 * 10'008));
}

TEST(ReplayRingTest, MemoryFollowsUse) {
  MemoryShare memory{nullptr};
  ReplayRing ring(memory);
  EXPECT_EQ(ring.memory(), 0U);
  for (std::uint8_t i = 0; i < 200; ++i) ring.append(frame_of(kMaxPayload, i));
  EXPECT_GE(ring.memory(), 200U * kMaxFrame);
  EXPECT_LE(ring.memory(), 200U * kMaxFrame + ReplayRing::kBlockSize);
  take(ring, 10'000'000);
  ASSERT_TRUE(ring.acknowledge(ring.end()));
  EXPECT_LE(ring.memory(), 5 * ReplayRing::kBlockSize);
  ring.trim();
  EXPECT_EQ(ring.memory(), 0U);
  ring.append(frame_of(5, 9));
  EXPECT_EQ(take(ring, 100).size(), 13U);
}

TEST(ReplayRingTest, OffsetsThatCannotBeAreRefused) {
  MemoryShare memory{nullptr};
  ReplayRing ring(memory);
  for (int i = 0; i < 4; ++i) ring.append(frame_of(92, 1));
  take(ring, 200);
  EXPECT_FALSE(ring.acknowledge(300)) << "not sent yet";
  EXPECT_FALSE(ring.rewind(300));
  EXPECT_FALSE(ring.rewind(150)) << "within a frame";
  ASSERT_TRUE(ring.acknowledge(100));
  EXPECT_FALSE(ring.acknowledge(0)) << "acknowledged before";
  EXPECT_FALSE(ring.rewind(0));
  EXPECT_EQ(ring.sent(), 200U);
  EXPECT_TRUE(ring.rewind(200));
}

TEST(ReplayRingTest, AReservedPlaceStaysWhileEverythingBeforeIsAcknowledged) {
  MemoryShare memory{nullptr};
  ReplayRing ring(memory);
  ring.append(frame_of(50, 1));
  take(ring, 1000);
  const MutableBytes place = ring.reserve(108);
  ASSERT_TRUE(ring.acknowledge(58));
  const auto frame = frame_of(100, 7);
  std::copy(frame.begin(), frame.end(), place.begin());
  ring.commit(frame.size());
  EXPECT_EQ(take(ring, 1000), std::string(frame.begin(), frame.end()));
}

TEST(ReplayRingTest, AReservationGivenBackLeavesNothing) {
  MemoryShare memory{nullptr};
  ReplayRing ring(memory);
  ring.reserve(1000);
  ring.commit(0);
  EXPECT_EQ(ring.used(), 0U);
  EXPECT_EQ(take(ring, 1000), "");
}

TEST(ReplayRingTest, FramesOfEverySizeCrossBlocksWhole) {
  MemoryShare memory{nullptr};
  ReplayRing ring(memory);
  std::string written;
  for (std::size_t size = 1; size < kMaxPayload; size += 611) {
    const auto frame = frame_of(size, static_cast<std::uint8_t>(size));
    ring.append(frame);
    written.append(frame.begin(), frame.end());
  }
  std::string read;
  while (ring.unsent() > 0) {
    read += take(ring, 5000);
    if (read.size() % 3 == 0) ring.acknowledge(ring.sent());
  }
  EXPECT_EQ(read, written);
}

}  // namespace
}  // namespace ferry::tunnel
