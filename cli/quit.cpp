#include "cli/quit.h"

#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "cli/problems.h"

namespace ferry::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kQuitPatience = std::chrono::seconds(30);
constexpr auto kLook = std::chrono::milliseconds(500);
constexpr auto kLong = std::chrono::seconds(10);  // after which it is said how not to wait

struct Swaps {
  std::string names;    // "deploy/web, sts/db"
  std::string trouble;  // what keeps one of them; empty: nothing
};

// Nothing where the daemon says nothing any more.
std::optional<Swaps> swaps_of(const control::Client& client) {
  const auto links = client.links();
  if (!links) return {};
  Swaps swaps;
  for (const auto& link : *links) {
    if (!link.swap) continue;
    swaps.names += (swaps.names.empty() ? "" : ", ") + to_string(link.target);
    if (!link.reason.empty()) swaps.trouble = to_string(link.target) + ": " + link.reason;
  }
  return swaps;
}

}  // namespace

Result<std::string> wait_for_end(const control::Client& client, Terminal& terminal,
                                 const std::string& program) {
  const auto start = Clock::now();
  auto deadline = start + kQuitPatience;
  auto look = start;
  Swaps left;
  bool told = false;
  while (client.probe()) {
    const auto now = Clock::now();
    if (now >= look) {
      look = now + kLook;
      const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(now - start);
      if (const auto swaps = swaps_of(client)) left = *swaps;
      if (!left.names.empty()) {
        terminal.progress(
            "putting back what is swapped: " + (left.trouble.empty() ? left.names : left.trouble),
            waited.count());
        deadline = now + kQuitPatience;
      }
      if (!left.trouble.empty() && now - start > kLong && !std::exchange(told, true)) {
        terminal.note("another '" + program + " quit' leaves that to the next daemon");
      }
    }
    if (now >= deadline) {
      return fail(problem::kDaemonSlow, "ending ferryd", "it still runs after 30 s",
                  "see '" + program + " logs'");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return left.names;
}

}  // namespace ferry::cli
