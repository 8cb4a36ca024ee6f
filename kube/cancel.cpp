#include "kube/cancel.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "kube/problems.h"

namespace ferry::kube {
namespace {

int milliseconds_until(TimePoint deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      deadline - TimePoint(std::chrono::steady_clock::now()));
  constexpr std::int64_t kLongest = std::int64_t{24} * 3600 * 1000;
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, kLongest));
}

}  // namespace

CancelToken::CancelToken() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

CancelToken::~CancelToken() { close(descriptor_); }

void CancelToken::cancel() {
  const std::uint64_t one = 1;
  // Fails only once the counter is full, and then it is readable anyway.
  [[maybe_unused]] const auto written = write(descriptor_, &one, sizeof one);
}

bool CancelToken::cancelled() const {
  pollfd entry{descriptor_, POLLIN, 0};
  return poll(&entry, 1, 0) > 0;
}

bool CancelToken::sleep_for(Duration time) const {
  const TimePoint deadline = TimePoint(std::chrono::steady_clock::now()) + time;
  while (true) {
    pollfd entry{descriptor_, POLLIN, 0};
    const int wait = milliseconds_until(deadline);
    const int ready = poll(&entry, 1, wait);
    if (ready > 0) return false;
    if (ready == 0 && milliseconds_until(deadline) == 0) return true;
    if (ready < 0 && errno != EINTR) return true;
  }
}

Error cancelled_error(std::string what) {
  return Error{problem::kCancelled, std::move(what), "cancelled", {}};
}

}  // namespace ferry::kube
