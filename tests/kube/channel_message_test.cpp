#include "kube/channel_message.h"

#include <gtest/gtest.h>

namespace ferry::kube {
namespace {

class ChannelMessageTest : public testing::Test {
 protected:
  std::string payload_of(std::string_view part) {
    return std::string(as_text(message_.payload_of(as_bytes(part))));
  }
  ChannelMessage message_;
};

TEST_F(ChannelMessageTest, TheFirstByteIsTheChannel) {
  EXPECT_FALSE(message_.begun());
  EXPECT_EQ(payload_of("\1out"), "out");
  EXPECT_TRUE(message_.begun());
  EXPECT_EQ(message_.channel(), 1);
}

TEST_F(ChannelMessageTest, LaterPartsAreForTheSameChannel) {
  EXPECT_EQ(payload_of("\2"), "");
  EXPECT_EQ(payload_of("\1more"), "\1more");
  EXPECT_EQ(message_.channel(), 2);
}

TEST_F(ChannelMessageTest, WhatWasNotTakenComesAgainWithoutItsChannel) {
  EXPECT_EQ(payload_of("\1abc"), "abc");
  EXPECT_EQ(payload_of("bc"), "bc");
  EXPECT_EQ(message_.channel(), 1);
}

TEST_F(ChannelMessageTest, TheNextMessageHasAChannelOfItsOwn) {
  payload_of("\1abc");
  message_.end();
  EXPECT_EQ(payload_of("\3x"), "x");
  EXPECT_EQ(message_.channel(), 3);
}

TEST_F(ChannelMessageTest, AnEmptyPartBeginsNothing) {
  EXPECT_EQ(payload_of(""), "");
  EXPECT_FALSE(message_.begun());
}

}  // namespace
}  // namespace ferry::kube
