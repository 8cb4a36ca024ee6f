// Any bytes as the first ones of a carrier: they are a greeting, the beginning of one, or refused;
// and it makes no difference in how many pieces they come.
#include <cstdlib>

#include "tunnel/frame.h"
#include "tunnel/greeting.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ferry::tunnel;
  const ferry::Bytes all(data, size);
  const auto whole = read_greeting(all);
  for (std::size_t n = 0; n <= size && n <= kMaxSmallFrame; ++n) {
    const auto part = read_greeting(all.first(n));
    const bool incomplete = part && std::holds_alternative<GreetingIncomplete>(*part);
    if (incomplete && n < kMaxSmallFrame) continue;
    // The first answer that isn't "more" is the one that stays.
    if (incomplete || part.has_value() != whole.has_value()) std::abort();
    if (part && part->index() != whole->index()) std::abort();
    break;
  }
  return 0;
}
