// Which callers of a stand-in can be let go without harm, while it drains: between two requests of
// a connection that is kept for more, not in the middle of one.
//
// That can't be known of an unknown protocol, but be told from who spoke last: a caller who did
// waits for an answer. Where the local process did, and it is quiet since, the answer was complete,
// most likely.
#pragma once

#include <unordered_map>

#include "base/time.h"
#include "tunnel/io/session_io.h"

namespace ferry::proxy {

class QuietCallers {
 public:
  void add(tunnel::StreamId stream) { callers_[stream]; }
  void remove(tunnel::StreamId stream) { callers_.erase(stream); }

  // Looks at what has happened since the last look, and ends those that were quiet for so long. To
  // be called often.
  void look(tunnel::SessionIo& io, Duration quiet, TimePoint now);

 private:
  struct Caller {
    std::uint64_t bytes = 0;
    TimePoint since{};  // they are that many
    bool seen = false;
    bool let_go = false;
  };

  std::unordered_map<tunnel::StreamId, Caller> callers_;
};

}  // namespace ferry::proxy
