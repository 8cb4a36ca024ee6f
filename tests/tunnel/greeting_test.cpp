#include "tunnel/greeting.h"

#include <gtest/gtest.h>

#include "tunnel/frame.h"
#include "tunnel/messages.h"

namespace ferry::tunnel {
namespace {

TEST(GreetingTest, EveryBeginningOfAHelloAsksForMore) {
  FrameBuilder frame = encode(Hello{});
  const Bytes hello = frame.frame();
  for (std::size_t n = 0; n < hello.size(); ++n) {
    const auto greeting = read_greeting(hello.first(n));
    ASSERT_TRUE(greeting) << n;
    EXPECT_TRUE(std::holds_alternative<GreetingIncomplete>(*greeting)) << n;
  }
  const auto greeting = read_greeting(hello);
  ASSERT_TRUE(greeting);
  EXPECT_EQ(std::get<GreetingHello>(*greeting).protocol, kProtocolVersion);
}

TEST(GreetingTest, AHelloTellsWhoSaysIt) {
  Hello hello;
  hello.holder = Holder{.installation = {9, 8}, .process = 0x0102030405060708, .tunnel = 77};
  FrameBuilder frame = encode(hello);
  const auto greeting = read_greeting(frame.frame());
  ASSERT_TRUE(greeting);
  const auto holder = std::get<GreetingHello>(*greeting).holder;
  ASSERT_TRUE(holder);
  EXPECT_EQ(holder->installation[1], 8);
  EXPECT_EQ(holder->process, 0x0102030405060708U);
  EXPECT_EQ(holder->tunnel, 77U);
}

TEST(GreetingTest, AHelloWhoseHolderIsCutShortIsNone) {
  Hello hello;
  hello.holder.emplace();
  FrameBuilder whole = encode(hello);
  FrameBuilder cut(FrameType::kHello);
  cut.bytes(whole.frame().subspan(kHeaderSize).first(whole.frame().size() - kHeaderSize - 1));
  EXPECT_FALSE(read_greeting(cut.frame()));
}

TEST(GreetingTest, AHelloOfAnOlderDaemonTellsNoHolder) {
  FrameBuilder frame = encode(Hello{});
  EXPECT_FALSE(std::get<GreetingHello>(*read_greeting(frame.frame())).holder);
}

TEST(GreetingTest, AResumeTellsTheSessionAndWhereItEnds) {
  FrameBuilder frame = encode(Resume{{7, 7}, 3, {1}, 12345});
  std::vector<std::uint8_t> bytes(frame.frame().begin(), frame.frame().end());
  const std::size_t size = bytes.size();
  bytes.push_back(0x86);  // what follows
  const auto greeting = read_greeting(bytes);
  ASSERT_TRUE(greeting);
  const auto& resume = std::get<GreetingResume>(*greeting);
  EXPECT_EQ(resume.size, size);
  EXPECT_EQ(resume.request.id[1], 7);
  EXPECT_EQ(resume.request.epoch, 3U);
  EXPECT_EQ(resume.request.received, 12345U);
}

TEST(GreetingTest, SomethingElseIsKnownByItsFirstByte) {
  for (const char* text : {"G", "SSH-2.0-OpenSSH", "\x16\x03\x01"}) {
    const auto greeting = read_greeting(as_bytes(text));
    ASSERT_FALSE(greeting) << text;
    EXPECT_EQ(greeting.error().code, ErrorCode::kProtocol);
  }
  const std::uint8_t long_hello[] = {0x80, 0, 0xff, 0xff, 0, 0, 0, 0};
  EXPECT_FALSE(read_greeting(long_hello));
}

TEST(GreetingTest, AnotherProtocolVersionIsAHelloAllTheSame) {
  FrameBuilder frame(FrameType::kHello);
  frame.u32(0x46525259).u16(2).u8(0);
  const auto greeting = read_greeting(frame.frame());
  ASSERT_TRUE(greeting);
  EXPECT_EQ(std::get<GreetingHello>(*greeting).protocol, 2);
}

}  // namespace
}  // namespace ferry::tunnel
