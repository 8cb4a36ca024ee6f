#include "tunnel/frame.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tunnel/messages.h"

namespace ferry::tunnel {
namespace {

std::vector<std::uint8_t> data_frame(StreamId stream, const std::string& payload) {
  std::vector<std::uint8_t> frame(kHeaderSize);
  put_header({FrameType::kData, 0, static_cast<std::uint16_t>(payload.size()), stream},
             frame.data());
  frame.insert(frame.end(), payload.begin(), payload.end());
  return frame;
}

TEST(FrameTest, TheHeaderIsBigEndian) {
  std::uint8_t bytes[kHeaderSize];
  put_header({FrameType::kCredit, 0, 0x0102, 0x03040506}, bytes);
  const std::uint8_t expected[] = {0x85, 0, 1, 2, 3, 4, 5, 6};
  EXPECT_TRUE(std::equal(std::begin(bytes), std::end(bytes), std::begin(expected)));
  const FrameHeader header = get_header(bytes);
  EXPECT_EQ(header.type, FrameType::kCredit);
  EXPECT_EQ(header.length, 0x0102);
  EXPECT_EQ(header.stream, 0x03040506U);
}

TEST(FrameTest, LengthsOutsideTheTypesRangeAreImplausible) {
  EXPECT_TRUE(is_plausible({FrameType::kData, 0, kMaxPayload, 1}));
  EXPECT_FALSE(is_plausible({FrameType::kData, 0, kMaxPayload + 1, 1}));
  EXPECT_FALSE(is_plausible({FrameType::kData, 0, 0, 1}));
  EXPECT_FALSE(is_plausible({FrameType::kFin, 0, 1, 1}));
  EXPECT_FALSE(is_plausible({FrameType::kAck, 0, 7, 0}));
  EXPECT_FALSE(is_plausible({FrameType::kAck, 1, 8, 0})) << "flags";
}

TEST(FrameReaderTest, FramesComeOutWhateverThePiecesAre) {
  std::vector<std::uint8_t> wire;
  const std::vector<std::string> payloads = {"a", std::string(300, 'b'), "cc", "ddd"};
  for (const auto& payload : payloads) {
    const auto frame = data_frame(5, payload);
    wire.insert(wire.end(), frame.begin(), frame.end());
  }
  for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
    FrameReader reader;
    std::vector<std::string> got;
    for (std::size_t at = 0; at < wire.size(); at += piece) {
      Bytes input = Bytes(wire).subspan(at, std::min(piece, wire.size() - at));
      Frame frame;
      while (reader.next(input, frame) == FrameReader::Outcome::kFrame) {
        got.emplace_back(as_text(frame.payload));
      }
      EXPECT_TRUE(input.empty());
    }
    EXPECT_EQ(got, payloads) << "pieces of " << piece;
  }
}

TEST(FrameReaderTest, AFrameFromPiecesStaysWholeWhileTheNextOneBegins) {
  const auto first = data_frame(1, "first");
  const auto second = data_frame(1, "second");
  FrameReader reader;
  Frame frame;
  Bytes head = Bytes(first).first(9);
  ASSERT_EQ(reader.next(head, frame), FrameReader::Outcome::kNeedMore);
  std::vector<std::uint8_t> rest(first.begin() + 9, first.end());
  rest.insert(rest.end(), second.begin(), second.end() - 1);
  Bytes input(rest);
  ASSERT_EQ(reader.next(input, frame), FrameReader::Outcome::kFrame);
  Frame next;
  ASSERT_EQ(reader.next(input, next), FrameReader::Outcome::kNeedMore);
  EXPECT_EQ(as_text(frame.payload), "first");
}

TEST(FrameReaderTest, ALostCarrierTakesThePartialFrameWithIt) {
  const auto frame_bytes = data_frame(1, "whole");
  FrameReader reader;
  Frame frame;
  Bytes part = Bytes(frame_bytes).first(10);
  ASSERT_EQ(reader.next(part, frame), FrameReader::Outcome::kNeedMore);
  reader.reset();
  Bytes again(frame_bytes);
  ASSERT_EQ(reader.next(again, frame), FrameReader::Outcome::kFrame);
  EXPECT_EQ(as_text(frame.payload), "whole");
}

TEST(FrameReaderTest, AnImplausibleHeaderIsSeenBeforeItsPayload) {
  const std::vector<std::uint8_t> header = {0x04, 0, 0xff, 0xff, 0, 0, 0, 1};
  Bytes input(header);
  Frame frame;
  EXPECT_EQ(FrameReader().next(input, frame), FrameReader::Outcome::kImplausible);
}

// --- payloads ------------------------------------------------------------------------------------

TEST(MessagesTest, HelloTellsEverything) {
  Hello hello;
  hello.version = "1.2.3";
  hello.max_streams = 77;
  hello.opening_credit = 1'000'000;
  hello.keys = SessionKeys{{9}, {8}};
  const auto got = decode_hello(encode(hello).frame().subspan(kHeaderSize));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->protocol, kProtocolVersion);
  EXPECT_EQ(got->version, "1.2.3");
  EXPECT_EQ(got->max_streams, 77U);
  EXPECT_EQ(got->opening_credit, 1'000'000U);
  EXPECT_EQ(got->keys->secret, hello.keys->secret);
}

TEST(MessagesTest, HelloOfAnotherProtocolNeedsOnlyItsFirstFields) {
  FrameBuilder frame(FrameType::kHello);
  frame.u32(0x46525259).u16(9).u8(3).text("9.0", 3).u8(0xee);
  const auto got = decode_hello(frame.frame().subspan(kHeaderSize));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->protocol, 9);
  EXPECT_EQ(got->version, "9.0");
}

TEST(MessagesTest, HelloMayHaveMoreFieldsThanWeKnow) {
  FrameBuilder frame = encode(Hello{});
  frame.u64(1);
  EXPECT_TRUE(decode_hello(frame.frame().subspan(kHeaderSize)));
}

TEST(MessagesTest, OpenNeedsAHostAndAPort) {
  Open open;
  open.claim = 1;
  open.grant = 2;
  open.target = {"db.default.svc", 5432};
  FrameBuilder good = encode(7, open);
  const auto got = decode_open(good.frame().subspan(kHeaderSize));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->target.host, "db.default.svc");
  EXPECT_EQ(got->claim, 1U);
  EXPECT_EQ(got->grant, 2U);
  open.target.port = 0;
  EXPECT_FALSE(decode_open(encode(7, open).frame().subspan(kHeaderSize)));
  open.target = {"", 80};
  EXPECT_FALSE(decode_open(encode(7, open).frame().subspan(kHeaderSize)));
  EXPECT_FALSE(decode_open(good.u8(0).frame().subspan(kHeaderSize))) << "something behind it";
}

TEST(MessagesTest, AReasonFromANewerPeerReadsAsInternal) {
  EXPECT_EQ(decode_reason(1), Reason::kRefused);
  EXPECT_EQ(decode_reason(200), Reason::kInternal);
}

}  // namespace
}  // namespace ferry::tunnel
