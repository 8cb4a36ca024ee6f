#include "tunnel/frame.h"

#include <algorithm>
#include <optional>

namespace ferry::tunnel {
namespace {

constexpr std::size_t kMaxSmallPayload = kMaxSmallFrame - kHeaderSize;

struct Range {
  std::size_t min;
  std::size_t max;
};

std::optional<Range> payload_range(FrameType type) {
  switch (type) {
    case FrameType::kOpen: return Range{13, kMaxSmallPayload};
    case FrameType::kOpenFail: return Range{1, kMaxSmallPayload};
    case FrameType::kData: return Range{1, kMaxPayload};
    case FrameType::kOpenOk:
    case FrameType::kFin: return Range{0, 0};
    case FrameType::kRst: return Range{1, 1};
    case FrameType::kSkip: return Range{4, 4};
    case FrameType::kListen:
    case FrameType::kListenOk:
    case FrameType::kUnlisten: return Range{2, 2};
    case FrameType::kListenFail: return Range{3, 256};
    case FrameType::kReady: return Range{1, 1};
    case FrameType::kHello: return Range{7, kMaxSmallPayload};
    case FrameType::kResume: return Range{60, 60};
    case FrameType::kResumeFail: return Range{0, 256};
    case FrameType::kResumeOk:
    case FrameType::kAck:
    case FrameType::kCredit:
    case FrameType::kPing:
    case FrameType::kPong: return Range{8, 8};
    case FrameType::kGoAway: return Range{5, 256};
    case FrameType::kAbort: return Range{0, 256};
  }
  return std::nullopt;
}

}  // namespace

void put_header(const FrameHeader& header, std::uint8_t* to) {
  to[0] = static_cast<std::uint8_t>(header.type);
  to[1] = header.flags;
  to[2] = static_cast<std::uint8_t>(header.length >> 8);
  to[3] = static_cast<std::uint8_t>(header.length);
  to[4] = static_cast<std::uint8_t>(header.stream >> 24);
  to[5] = static_cast<std::uint8_t>(header.stream >> 16);
  to[6] = static_cast<std::uint8_t>(header.stream >> 8);
  to[7] = static_cast<std::uint8_t>(header.stream);
}

FrameHeader get_header(const std::uint8_t* from) {
  FrameHeader header;
  header.type = static_cast<FrameType>(from[0]);
  header.flags = from[1];
  header.length = static_cast<std::uint16_t>((from[2] << 8) | from[3]);
  header.stream = (static_cast<StreamId>(from[4]) << 24) | (static_cast<StreamId>(from[5]) << 16) |
                  (static_cast<StreamId>(from[6]) << 8) | static_cast<StreamId>(from[7]);
  return header;
}

bool is_plausible(const FrameHeader& header) {
  if (header.flags != 0) return false;
  const auto range = payload_range(header.type);
  if (!range) return header.length <= kMaxPayload;  // whether it may be unknown is for the session
  return header.length >= range->min && header.length <= range->max;
}

bool FrameReader::fill(std::size_t size, Bytes& input) {
  auto& kept = partial();
  if (kept.size() < size) {
    const std::size_t n = std::min(size - kept.size(), input.size());
    kept.insert(kept.end(), input.begin(), input.begin() + static_cast<std::ptrdiff_t>(n));
    input = input.subspan(n);
  }
  return kept.size() >= size;
}

FrameReader::Outcome FrameReader::next_in_pieces(Bytes& input, Frame& frame) {
  if (!fill(kHeaderSize, input)) return Outcome::kNeedMore;
  frame.header = get_header(partial().data());
  if (!is_plausible(frame.header)) return Outcome::kImplausible;
  if (!fill(kHeaderSize + frame.header.length, input)) return Outcome::kNeedMore;
  frame.payload = Bytes(partial()).subspan(kHeaderSize);
  current_ = 1 - current_;
  partial().clear();
  return Outcome::kFrame;
}

FrameReader::Outcome FrameReader::next(Bytes& input, Frame& frame) {
  if (!partial().empty() || input.size() < kHeaderSize) return next_in_pieces(input, frame);
  frame.header = get_header(input.data());
  if (!is_plausible(frame.header)) return Outcome::kImplausible;
  const std::size_t size = kHeaderSize + frame.header.length;
  if (input.size() < size) return next_in_pieces(input, frame);
  frame.payload = input.subspan(kHeaderSize, frame.header.length);
  input = input.subspan(size);
  return Outcome::kFrame;
}

}  // namespace ferry::tunnel
