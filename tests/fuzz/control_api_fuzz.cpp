// Any bytes as the body of a request to the control API, or of its answer. The first byte chooses
// which one. What is accepted survives being written and read again, and an error says why.
#include <cstdlib>
#include <string_view>

#include "daemon/control/json.h"
#include "daemon/control/limits.h"

namespace {

using namespace ferry;
using namespace ferry::control;

template <typename T>
void expect_reason(const Result<T>& result) {
  if (!result && result.error().why.empty()) std::abort();
}

// What a client may send.
template <typename Read>
void take_spec(const Json& json, Read read) {
  const auto spec = read(json);
  expect_reason(spec);
  if (!spec) return;
  if (problem_of(*spec)) std::abort();
  const auto again = read(to_json(*spec, Include::kEverything));
  if (!again || !(*again == *spec)) std::abort();
  // The form for files and logs is made of the same, without the secrets.
  static_cast<void>(dump(to_json(*spec, Include::kNoEnvironment)));
}

// What a daemon may answer: written again, it is the same again.
template <typename Read>
void take_answer(const Json& json, Read read) {
  const auto value = read(json);
  expect_reason(value);
  if (!value) return;
  const std::string text = dump(to_json(*value));
  const auto parsed = parse_json(text, 64 * kMaxBody);
  if (!parsed) std::abort();
  const auto again = read(*parsed);
  if (!again || dump(to_json(*again)) != text) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto json = parse_json({reinterpret_cast<const char*>(data) + 1, size - 1}, kMaxBody);
  expect_reason(json);
  if (!json) return 0;
  switch (data[0] % 12) {
    case 0: take_spec(*json, link_spec_from_json); break;
    case 1: take_spec(*json, swap_spec_from_json); break;
    case 2: take_spec(*json, restore_spec_from_json); break;
    case 3: expect_reason(kube_access_from_json(*json)); break;
    case 4: take_answer(*json, link_status_from_json); break;
    case 5: take_answer(*json, tunnel_status_from_json); break;
    case 6: take_answer(*json, daemon_status_from_json); break;
    case 7: take_answer(*json, event_from_json); break;
    case 8: take_answer(*json, swap_plan_from_json); break;
    case 9: take_answer(*json, swap_listings_from_json); break;
    default: take_answer(*json, error_from_json); break;
  }
  return 0;
}
