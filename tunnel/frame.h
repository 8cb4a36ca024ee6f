// Frames: the 8-byte header, the types, and how frames are taken off a stream of bytes.
//
//   type u8 | flags u8 (0) | payload length u16 | stream u32        big-endian; README.md
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "tunnel/types.h"

namespace ferry::tunnel {

inline constexpr std::size_t kHeaderSize = 8;
// Header and payload of a full frame fill one TLS record of 16 KiB (RFC 8446, 5.1).
inline constexpr std::size_t kMaxFrame = 16384;
inline constexpr std::size_t kMaxPayload = kMaxFrame - kHeaderSize;
// Of every type but DATA, the greeting's among them: what is kept of a carrier until it is known.
inline constexpr std::size_t kMaxSmallFrame = 512;

// The top bit says that a type is not sequenced: not counted in the session offset, not replayed.
enum class FrameType : std::uint8_t {
  kOpen = 0x01,
  kOpenOk = 0x02,
  kOpenFail = 0x03,
  kData = 0x04,
  kFin = 0x05,
  kRst = 0x06,
  kSkip = 0x07,
  kListen = 0x10,
  kListenOk = 0x11,
  kListenFail = 0x12,
  kUnlisten = 0x13,
  kReady = 0x14,
  // 0x15 to 0x1f: further control of links; 0x20 to 0x2f: UDP flows. Reserved.
  kHello = 0x80,
  kResume = 0x81,
  kResumeOk = 0x82,
  kResumeFail = 0x83,
  kAck = 0x84,
  kCredit = 0x85,
  kPing = 0x86,
  kPong = 0x87,
  kGoAway = 0x88,
  kAbort = 0x89,
};

constexpr bool is_sequenced(FrameType type) {
  return (static_cast<std::uint8_t>(type) & 0x80U) == 0;
}

// Control of links: about the session, not about a stream.
constexpr bool is_link_control(FrameType type) {
  return type >= FrameType::kListen && type <= FrameType::kReady;
}

struct FrameHeader {
  FrameType type = FrameType::kData;
  std::uint8_t flags = 0;
  std::uint16_t length = 0;  // of the payload
  StreamId stream = 0;
};

// `to`: kHeaderSize bytes.
void put_header(const FrameHeader& header, std::uint8_t* to);
// `from`: kHeaderSize bytes of anything; the type may be none that is known.
FrameHeader get_header(const std::uint8_t* from);

// Whether a frame with this header can be right: length in the range of its type, flags 0.
bool is_plausible(const FrameHeader& header);

struct Frame {
  FrameHeader header;
  Bytes payload;
};

// Cuts the carrier's bytes into frames. A frame that arrived in pieces is put together in a buffer;
// all others are views of the input.
class FrameReader {
 public:
  enum class Outcome : std::uint8_t { kFrame, kNeedMore, kImplausible };

  // Takes the next frame off the front of `input`. kNeedMore: all of the input was taken and kept.
  // The payload is valid as long as the input, or until the next-but-one frame that came in pieces.
  Outcome next(Bytes& input, Frame& frame);

  // The carrier is lost: what is kept of a frame is dropped.
  void reset() { partial().clear(); }

 private:
  std::vector<std::uint8_t>& partial() { return buffers_[current_]; }
  // Moves bytes from the input until `size` are kept; false: the input ended before.
  bool fill(std::size_t size, Bytes& input);
  Outcome next_in_pieces(Bytes& input, Frame& frame);

  // Two, so that a frame handed out stays whole while the beginning of the next one is kept.
  std::array<std::vector<std::uint8_t>, 2> buffers_;
  std::size_t current_ = 0;
};

}  // namespace ferry::tunnel
