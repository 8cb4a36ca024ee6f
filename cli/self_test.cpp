#include "cli/self_test.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace ferry::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kTestPatience = std::chrono::seconds(20);
constexpr auto kTestLook = std::chrono::milliseconds(50);

}  // namespace

Result<bool> test_links(const control::Client& client, Terminal& terminal) {
  auto links = client.links();
  if (!links) return fail(links.error());
  for (const auto& link : *links) {
    const auto begun = client.test(link.id);
    // It may have ended meanwhile.
    if (!begun && begun.error().code != ErrorCode::kNotFound) return fail(begun.error());
  }
  for (const auto deadline = Clock::now() + kTestPatience; Clock::now() < deadline;) {
    links = client.links();
    if (!links) return fail(links.error());
    const auto waits = std::find_if(links->begin(), links->end(),
                                    [](const auto& link) { return link.test.under_way; });
    if (waits == links->end()) break;
    terminal.progress("testing " + to_string(waits->target));
    std::this_thread::sleep_for(kTestLook);
  }
  terminal.clear_progress();
  return std::all_of(links->begin(), links->end(), [](const auto& link) {
    return link.state == control::LinkState::kActive && !link.test.error && !link.test.under_way;
  });
}

}  // namespace ferry::cli
