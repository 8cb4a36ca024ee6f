#include "cli/self_test.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "cli/problems.h"

namespace ferry::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kTestLook = std::chrono::milliseconds(50);

// What a test of a swap finds against it shows in its state. Any other error may be due to where
// the test was made from: a pod that isn't led back to itself, the original that took it.
bool works(const control::LinkStatus& link) {
  return link.state == control::LinkState::kActive && (link.swap || !link.test.error);
}

}  // namespace

Result<TestedLinks> test_links(const control::Client& client, Terminal& terminal,
                               std::chrono::milliseconds patience) {
  auto links = client.links();
  if (!links) return fail(links.error());
  for (const auto& link : *links) {
    const auto begun = client.test(link.id);
    // It may have ended meanwhile.
    if (!begun && begun.error().code != ErrorCode::kNotFound) return fail(begun.error());
  }
  for (const auto deadline = Clock::now() + patience; Clock::now() < deadline;) {
    links = client.links();
    if (!links) return fail(links.error());
    const auto waits = std::find_if(links->begin(), links->end(),
                                    [](const auto& link) { return link.test.under_way; });
    if (waits == links->end()) break;
    terminal.progress("testing " + to_string(waits->target));
    std::this_thread::sleep_for(kTestLook);
  }
  terminal.clear_progress();
  TestedLinks tested;
  for (const auto& link : *links) {
    const bool late = link.test.under_way;
    if (late) tested.late += (tested.late.empty() ? "" : ", ") + to_string(link.target);
    if (late || !works(link)) tested.fine = false;
  }
  return tested;
}

Error late_tests(const TestedLinks& tested) {
  return Error{problem::kTestLate, "testing " + tested.late, "no answer came in time",
               "what is shown is what was known before; `ferry status` shows what came of it"};
}

}  // namespace ferry::cli
