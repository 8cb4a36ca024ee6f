#include "kube/swap/waiting.h"

#include "kube/swap/problems.h"

namespace ferry::swap {
namespace {

std::string seconds_text(Duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

void tell(const Run& run, const std::string& line) {
  if (run.progress) run.progress(line);
}

bool is_passing(ErrorCode code) {
  return code == ErrorCode::kUnreachable || code == ErrorCode::kTimedOut ||
         code == ErrorCode::kReset || code == ErrorCode::kUnavailable;
}

Status wait_until(Run& run, const std::string& what, std::optional<Duration> limit,
                  const Look& look) {
  const TimePoint began = run.pace.now();
  std::string last;
  while (true) {
    const Result<std::optional<std::string>> answer = look();
    if (!answer && !is_passing(answer.error().code)) return fail(answer.error());
    if (answer && !answer->has_value()) return {};
    const std::string now = answer ? **answer : answer.error().summary();
    if (now != last) tell(run, what + ": " + now);
    last = now;
    if (limit && run.pace.now() - began >= *limit) {
      return fail(problem::kTimedOut, what, last + " after " + seconds_text(*limit));
    }
    if (!run.pace.sleep_for(run.limits.poll, run.cancel)) {
      return fail(kube::cancelled_error(what));
    }
  }
}

}  // namespace ferry::swap
