// What the payloads of all frames but DATA say, and their bytes. README.md has the layouts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "tunnel/frame.h"
#include "tunnel/types.h"

namespace ferry::tunnel {

// Of the wire format. Two peers must have the same; what can be added without breaking it gets a
// feature bit.
inline constexpr std::uint16_t kProtocolVersion = 1;
inline constexpr std::uint32_t kFeatureLinks = 1;   // reverse links: LISTEN ..., targets but kDial
inline constexpr std::uint32_t kFeatureHolder = 2;  // a daemon's HELLO says who it is
inline constexpr std::uint32_t kFeatures = kFeatureLinks;
inline constexpr std::size_t kMaxDetail = 128;  // bytes of text in OPEN_FAIL, GOAWAY, ABORT, ...

// One frame of at most kMaxSmallFrame bytes, built in place.
class FrameBuilder {
 public:
  explicit FrameBuilder(FrameType type, StreamId stream = 0);
  FrameBuilder& u8(std::uint8_t value);
  FrameBuilder& u16(std::uint16_t value);
  FrameBuilder& u32(std::uint32_t value);
  FrameBuilder& u64(std::uint64_t value);
  FrameBuilder& bytes(Bytes value);
  FrameBuilder& text(std::string_view value, std::size_t max);  // cut to max
  // The frame; valid as long as the builder.
  Bytes frame();

 private:
  std::array<std::uint8_t, kMaxSmallFrame> buffer_;
  std::size_t size_ = kHeaderSize;
  FrameHeader header_;
};

// Reads numbers off the front; past the end everything is 0 and ok() false.
class FieldReader {
 public:
  explicit FieldReader(Bytes bytes) : rest_(bytes) {}
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  Bytes bytes(std::size_t n);
  template <std::size_t N>
  void array(std::array<std::uint8_t, N>& to) {
    const Bytes from = bytes(N);
    for (std::size_t i = 0; i < from.size(); ++i) to[i] = from[i];
  }
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

 private:
  std::uint64_t number(std::size_t width);

  Bytes rest_;
  bool ok_ = true;
};

// The first fields, up to `version`, are the same in every protocol version to come.
struct Hello {
  std::uint16_t protocol = kProtocolVersion;
  std::string version;
  std::uint32_t features = kFeatures;
  std::uint32_t max_streams = 0;
  std::uint64_t opening_credit = 0;
  std::optional<SessionKeys> keys;  // the proxy's only
  std::optional<Holder> holder;     // the daemon's only; brings its own feature bit
};
FrameBuilder encode(const Hello& hello);
// Of another protocol version only `protocol` and `version` are read.
std::optional<Hello> decode_hello(Bytes payload);

struct Resume {
  SessionId id{};
  std::uint32_t epoch = 0;
  Proof proof{};
  std::uint64_t received = 0;
};
FrameBuilder encode(const Resume& resume);
std::optional<Resume> decode_resume(Bytes payload);

struct Open {
  std::uint32_t claim = 0;  // taken out of the acceptor's opening credit: what the opener may send
  std::uint32_t grant = 0;  // what the acceptor may send
  Target target;
};
FrameBuilder encode(StreamId stream, const Open& open);
std::optional<Open> decode_open(Bytes payload);

// A byte that is no reason we know, from a newer peer, reads as kInternal.
Reason decode_reason(std::uint8_t byte);

}  // namespace ferry::tunnel
