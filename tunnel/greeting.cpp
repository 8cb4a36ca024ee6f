#include "tunnel/greeting.h"

#include "tunnel/frame.h"
#include "tunnel/messages.h"
#include "tunnel/problems.h"

namespace ferry::tunnel {
namespace {

auto not_ferry() {
  return fail(problem::kNotFerry, "tunnel handshake", "the peer speaks something else");
}

// Garbage shall be known by its first byte, not by waiting for more of it.
bool may_begin(std::uint8_t type) {
  return type == static_cast<std::uint8_t>(FrameType::kHello) ||
         type == static_cast<std::uint8_t>(FrameType::kResume);
}

std::vector<std::uint8_t> encode(FrameType type, std::string_view why) {
  FrameBuilder frame(type);
  const Bytes bytes = frame.text(why, kMaxDetail).frame();
  return {bytes.begin(), bytes.end()};
}

}  // namespace

Result<Greeting> read_greeting(Bytes so_far) {
  if (so_far.empty()) return GreetingIncomplete{};
  if (!may_begin(so_far[0])) return not_ferry();
  if (so_far.size() < kHeaderSize) return GreetingIncomplete{};
  const FrameHeader header = get_header(so_far.data());
  if (!is_plausible(header)) return not_ferry();
  const std::size_t size = kHeaderSize + header.length;
  if (so_far.size() < size) return GreetingIncomplete{};
  const Bytes payload = so_far.subspan(kHeaderSize, header.length);
  if (header.type == FrameType::kHello) {
    const auto hello = decode_hello(payload);
    if (!hello) return not_ferry();
    return GreetingHello{hello->protocol, hello->holder};
  }
  const auto resume = decode_resume(payload);
  if (!resume) return not_ferry();
  return GreetingResume{{resume->id, resume->epoch, resume->proof, resume->received}, size};
}

std::vector<std::uint8_t> encode_resume_fail(std::string_view why) {
  return encode(FrameType::kResumeFail, why);
}

std::vector<std::uint8_t> encode_refusal(std::string_view why) {
  return encode(FrameType::kAbort, why);
}

}  // namespace ferry::tunnel
