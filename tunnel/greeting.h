// What a carrier says first: a new session (HELLO) or one to go on with (RESUME).
//
// The proxy reads it before any Session is involved, to find the session that the carrier is for.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "tunnel/session.h"

namespace ferry::tunnel {

// The first frame isn't complete: read more. Never asked for beyond kMaxSmallFrame bytes.
struct GreetingIncomplete {};

// A HELLO: make a Session(Role::kProxy), attach() it, and give receive() everything that was read,
// the HELLO included. Protocol versions that don't match are the session's business: it answers, so
// that the peer learns of it, and fails.
struct GreetingHello {
  std::uint16_t protocol = 0;
  std::optional<Holder> holder;  // who says it, if it is said
};

// A RESUME: find the session by request.id, accept_resume(), and give receive() what follows the
// first `size` bytes. No such session: answer with encode_resume_fail() and close.
struct GreetingResume {
  Session::ResumeRequest request;
  std::size_t size = 0;
};

using Greeting = std::variant<GreetingIncomplete, GreetingHello, GreetingResume>;

// `so_far`: every byte that the carrier brought. Error: kProtocol (this is no Ferry tunnel).
Result<Greeting> read_greeting(Bytes so_far);

// The answer to a RESUME that cannot be: `why` is for people, at most 128 bytes of it are sent.
std::vector<std::uint8_t> encode_resume_fail(std::string_view why);
// The answer to a HELLO that isn't taken, or to something else; likewise.
std::vector<std::uint8_t> encode_refusal(std::string_view why);

}  // namespace ferry::tunnel
