#include "tunnel/messages.h"

#include <algorithm>

namespace ferry::tunnel {
namespace {

constexpr std::uint32_t kMagic = 0x46525259;  // "FRRY"
constexpr std::size_t kMaxVersion = 64;

}  // namespace

FrameBuilder::FrameBuilder(FrameType type, StreamId stream) {
  header_.type = type;
  header_.stream = stream;
}

FrameBuilder& FrameBuilder::u8(std::uint8_t value) { return bytes({&value, 1}); }

FrameBuilder& FrameBuilder::u16(std::uint16_t value) {
  return u8(static_cast<std::uint8_t>(value >> 8)).u8(static_cast<std::uint8_t>(value));
}

FrameBuilder& FrameBuilder::u32(std::uint32_t value) {
  return u16(static_cast<std::uint16_t>(value >> 16)).u16(static_cast<std::uint16_t>(value));
}

FrameBuilder& FrameBuilder::u64(std::uint64_t value) {
  return u32(static_cast<std::uint32_t>(value >> 32)).u32(static_cast<std::uint32_t>(value));
}

FrameBuilder& FrameBuilder::bytes(Bytes value) {
  const std::size_t n = std::min(value.size(), buffer_.size() - size_);
  std::copy_n(value.begin(), n, buffer_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += n;
  return *this;
}

FrameBuilder& FrameBuilder::text(std::string_view value, std::size_t max) {
  return bytes(as_bytes(value.substr(0, max)));
}

Bytes FrameBuilder::frame() {
  header_.length = static_cast<std::uint16_t>(size_ - kHeaderSize);
  put_header(header_, buffer_.data());
  return Bytes(buffer_).first(size_);
}

Bytes FieldReader::bytes(std::size_t n) {
  if (n > rest_.size()) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const Bytes taken = rest_.first(n);
  rest_ = rest_.subspan(n);
  return taken;
}

std::uint64_t FieldReader::number(std::size_t width) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes(width)) value = (value << 8) | byte;
  return value;
}

FrameBuilder encode(const Hello& hello) {
  const std::string_view version = std::string_view(hello.version).substr(0, kMaxVersion);
  FrameBuilder out(FrameType::kHello);
  out.u32(kMagic).u16(hello.protocol).u8(static_cast<std::uint8_t>(version.size()));
  out.text(version, kMaxVersion).u32(hello.features | (hello.holder ? kFeatureHolder : 0));
  out.u32(hello.max_streams).u64(hello.opening_credit).u8(hello.keys ? 1 : 0);
  if (hello.keys) out.bytes(hello.keys->id).bytes(hello.keys->secret);
  if (hello.holder) {
    out.bytes(hello.holder->installation).u64(hello.holder->process).u64(hello.holder->tunnel);
  }
  return out;
}

std::optional<Hello> decode_hello(Bytes payload) {
  FieldReader in(payload);
  if (in.u32() != kMagic) return std::nullopt;
  Hello hello;
  hello.protocol = in.u16();
  const std::size_t version_size = in.u8();
  if (version_size > kMaxVersion) return std::nullopt;
  hello.version = as_text(in.bytes(version_size));
  if (!in.ok()) return std::nullopt;
  if (hello.protocol != kProtocolVersion) return hello;
  hello.features = in.u32();
  hello.max_streams = in.u32();
  hello.opening_credit = in.u64();
  if (in.u8() != 0) {
    SessionKeys keys;
    in.array(keys.id);
    in.array(keys.secret);
    hello.keys = keys;
  } else if ((hello.features & kFeatureHolder) != 0) {
    Holder holder;
    in.array(holder.installation);
    holder.process = in.u64();
    holder.tunnel = in.u64();
    hello.holder = holder;
  }
  if (!in.ok()) return std::nullopt;
  return hello;  // what follows is from a newer peer, and may be left unread
}

FrameBuilder encode(const Resume& resume) {
  FrameBuilder out(FrameType::kResume);
  out.bytes(resume.id).u32(resume.epoch).bytes(resume.proof).u64(resume.received);
  return out;
}

std::optional<Resume> decode_resume(Bytes payload) {
  FieldReader in(payload);
  Resume resume;
  in.array(resume.id);
  resume.epoch = in.u32();
  in.array(resume.proof);
  resume.received = in.u64();
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return resume;
}

FrameBuilder encode(StreamId stream, const Open& open) {
  const std::string_view host = std::string_view(open.target.host).substr(0, kMaxHost);
  FrameBuilder out(FrameType::kOpen, stream);
  out.u8(static_cast<std::uint8_t>(open.target.kind))
      .u32(open.claim)
      .u32(open.grant)
      .u16(open.target.port);
  out.u8(static_cast<std::uint8_t>(host.size())).text(host, kMaxHost);
  return out;
}

std::optional<Open> decode_open(Bytes payload) {
  FieldReader in(payload);
  Open open;
  const std::uint8_t kind = in.u8();
  if (kind > static_cast<std::uint8_t>(TargetKind::kService)) return std::nullopt;
  open.target.kind = static_cast<TargetKind>(kind);
  open.claim = in.u32();
  open.grant = in.u32();
  open.target.port = in.u16();
  open.target.host = as_text(in.bytes(in.u8()));
  if (!in.ok() || !in.at_end()) return std::nullopt;
  if (!is_valid(open.target)) return std::nullopt;
  return open;
}

Reason decode_reason(std::uint8_t byte) {
  constexpr auto kLast = static_cast<std::uint8_t>(Reason::kInternal);
  return byte <= kLast ? static_cast<Reason>(byte) : Reason::kInternal;
}

}  // namespace ferry::tunnel
