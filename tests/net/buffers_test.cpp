#include "net/buffers.h"

#include <gtest/gtest.h>

namespace ferry::net {
namespace {

TEST(BuffersTest, WhatIsGivenBackIsUsedAgain) {
  Buffers buffers;
  Buffers::Buffer one;
  one.reserve(10'000);  // no size that the heap would be asked for
  one.assign(5000, 1);
  const auto* const memory = one.data();
  buffers.give_back(one);
  EXPECT_EQ(one.capacity(), 0U);
  Buffers::Buffer other;
  buffers.make_room(other, 8000);
  EXPECT_TRUE(other.empty());
  EXPECT_EQ(other.capacity(), 10'000U);
  EXPECT_EQ(other.data(), memory);
}

TEST(BuffersTest, ALargeOneIsNotUsedForLittle) {
  Buffers buffers;
  Buffers::Buffer one;
  buffers.make_room(one, Buffers::kLargest);
  buffers.give_back(one);
  buffers.make_room(one, 2000);
  EXPECT_LT(one.capacity(), 4000U);
}

TEST(BuffersTest, ABufferThatGrowsKeepsItsBytes) {
  Buffers buffers;
  Buffers::Buffer one;
  for (int i = 0; i < 3000; ++i) {
    buffers.make_room(one, 1000);
    one.insert(one.end(), 1000, static_cast<std::uint8_t>(i));
  }
  for (std::size_t i = 0; i < 3000; ++i) {
    ASSERT_EQ(one[i * 1000 + 999], static_cast<std::uint8_t>(i));
  }
  buffers.give_back(one);  // larger than any that is kept
  EXPECT_EQ(one.capacity(), 0U);
}

TEST(BuffersTest, ReadRoomIsUsedAgain) {
  Buffers buffers;
  Buffers::ReadRoom room;
  buffers.make_room(room);
  const auto* const memory = room.get();
  buffers.make_room(room);
  EXPECT_EQ(room.get(), memory);
  buffers.give_back(room);
  EXPECT_FALSE(room);
  const Buffers::ReadRoom another(new std::uint8_t[Buffers::kReadRoom]);
  EXPECT_NE(another.get(), memory) << "it went back to the heap";
  buffers.make_room(room);
  EXPECT_EQ(room.get(), memory);
}

}  // namespace
}  // namespace ferry::net
