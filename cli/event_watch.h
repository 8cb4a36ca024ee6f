// Waits for calls that stream events, until they are through or the user has enough.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "base/result.h"
#include "daemon/control/client.h"

namespace ferry::cli {

struct EventWatch {
  using Call = std::function<Status(const control::Client::OnEvent&)>;

  // Each runs on a thread of its own; what it holds has to be its own too, since it is left behind
  // when a signal comes.
  std::vector<Call> calls;
  // The rest is called on the caller's thread.
  std::function<void(std::size_t call, const control::Event&)> on_event;
  std::function<void(std::size_t call, const Status&)> on_end;
  std::function<void()> on_tick;  // every second

  // True once all calls have ended, false on SIGINT, SIGTERM or SIGHUP.
  bool wait() const;
};

}  // namespace ferry::cli
