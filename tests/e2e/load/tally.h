// What was seen so far, by all threads, as JSON.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "connection.h"

namespace ferry::test_load {

class Tally {
 public:
  // One request, after its retry if it had one. Failures before the first answer don't count: the
  // Service may not be there yet. Any thread.
  void add(const std::string& mode, const Outcome& outcome, bool retried, Clock::duration took);

  // One line:
  //   at        now; all times are milliseconds since 1970
  //   modes     {mode: {"requests", "retried", "failed": {kind: count}}}
  //   answers   {name: {"count", "first", "last"}}: who answered, when for the first and the last
  //             time
  //   failures  the first of them: [{"at", "took", "port", "mode", "what"}]; it took milliseconds,
  //             and `port` is the caller's own
  //   slowest   milliseconds
  std::string line() const;

 private:
  struct Mode {
    std::uint64_t requests = 0;
    std::uint64_t retried = 0;
    std::map<std::string, std::uint64_t> failed;
  };
  struct Answers {
    std::uint64_t count = 0;
    std::int64_t first = 0;
    std::int64_t last = 0;
  };
  struct Failure {
    std::int64_t at;
    std::int64_t took;
    std::uint16_t port;
    std::string mode;
    std::string what;
  };

  mutable std::mutex mutex_;
  std::map<std::string, Mode> modes_;
  std::map<std::string, Answers> answers_;
  std::vector<Failure> failures_;
  std::int64_t slowest_ = 0;
};

}  // namespace ferry::test_load
