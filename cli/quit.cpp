#include "cli/quit.h"

#include <chrono>
#include <thread>

namespace ferry::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::seconds(30);
constexpr auto kLook = std::chrono::milliseconds(500);

// "deploy/web, sts/db", or nothing.
std::string swaps_of(const control::Client& client) {
  std::string out;
  const auto links = client.links();
  if (!links) return out;
  for (const auto& link : *links) {
    if (link.swap) out += (out.empty() ? "" : ", ") + to_string(link.target);
  }
  return out;
}

}  // namespace

Status wait_for_end(const control::Client& client, Terminal& terminal, const std::string& program) {
  const auto start = Clock::now();
  auto deadline = start + kPatience;
  auto look = start;
  while (client.probe()) {
    const auto now = Clock::now();
    if (now >= look) {
      look = now + kLook;
      const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(now - start);
      if (const auto swaps = swaps_of(client); !swaps.empty()) {
        terminal.progress("putting back what is swapped: " + swaps, waited.count());
        deadline = now + kPatience;
      }
    }
    if (now >= deadline) {
      return fail(ErrorCode::kTimedOut, "ending ferryd", "it still runs after 30 s",
                  "see '" + program + " logs'");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return {};
}

}  // namespace ferry::cli
