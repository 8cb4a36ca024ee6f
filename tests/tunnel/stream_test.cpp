#include "tunnel/stream.h"

#include <gtest/gtest.h>

namespace ferry::tunnel {
namespace {

using Input = StreamInput;
using State = StreamState;

std::optional<State> walk(State state, std::initializer_list<Input> inputs) {
  for (const Input input : inputs) {
    const auto next = next_state(state, input);
    if (!next) return std::nullopt;
    state = *next;
  }
  return state;
}

TEST(StreamStateTest, OurStreamLivesInOrder) {
  EXPECT_EQ(walk(State::kOpening, {Input::kAcceptReceived}), State::kOpen);
  EXPECT_EQ(walk(State::kOpening, {Input::kFinSent, Input::kAcceptReceived}),
            State::kLocalFinished);
  EXPECT_EQ(walk(State::kOpening, {Input::kAcceptReceived, Input::kFinSent, Input::kFinReceived}),
            State::kFinished);
  EXPECT_EQ(walk(State::kOpening, {Input::kRefuseReceived}), State::kGone);
}

TEST(StreamStateTest, ThePeersStreamLivesInOrder) {
  EXPECT_EQ(walk(State::kOffered, {Input::kFinReceived, Input::kAcceptSent}),
            State::kRemoteFinished);
  EXPECT_EQ(walk(State::kOffered, {Input::kAcceptSent, Input::kFinReceived, Input::kFinSent}),
            State::kFinished);
  EXPECT_EQ(walk(State::kOfferedFinished, {Input::kRefuseSent}), State::kGone);
}

TEST(StreamStateTest, WhatIsOutOfOrderIsNotAllowed) {
  EXPECT_FALSE(walk(State::kOpening, {Input::kFinReceived})) << "before OPEN_OK";
  EXPECT_FALSE(walk(State::kOpen, {Input::kAcceptReceived})) << "a second OPEN_OK";
  EXPECT_FALSE(walk(State::kOpen, {Input::kRefuseReceived}));
  EXPECT_FALSE(walk(State::kOffered, {Input::kAcceptReceived})) << "from the wrong side";
  EXPECT_FALSE(walk(State::kOpening, {Input::kAcceptSent}));
  EXPECT_FALSE(walk(State::kOpen, {Input::kFinReceived, Input::kFinReceived}));
  EXPECT_FALSE(walk(State::kOpen, {Input::kFinSent, Input::kFinSent}));
  EXPECT_FALSE(walk(State::kOffered, {Input::kFinSent})) << "before it was accepted";
}

TEST(StreamStateTest, DataGoesOnlyWhereNoFinWas) {
  EXPECT_TRUE(may_send(State::kOpening));
  EXPECT_TRUE(may_send(State::kRemoteFinished));
  EXPECT_FALSE(may_send(State::kOffered));
  EXPECT_FALSE(may_send(State::kLocalFinished));
  EXPECT_TRUE(may_receive(State::kOffered));
  EXPECT_TRUE(may_receive(State::kLocalFinished));
  EXPECT_FALSE(may_receive(State::kOpening));
  EXPECT_FALSE(may_receive(State::kRemoteFinished));
}

}  // namespace
}  // namespace ferry::tunnel
