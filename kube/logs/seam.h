// Where the reading of a container's log goes on after it was broken off: nothing twice, nothing
// left out.
//
// A log is asked for from a time on (sinceTime), which nodes know to the second only: API servers
// hand it on without a fraction. So what was logged in the last seconds comes again, and is told
// from news by its time and text.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ (read log)
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>

namespace ferry::logs {

class Seam {
 public:
  // Whether a line is news; it is remembered then. `time` is what the node put before it (RFC 3339
  // with nanoseconds); a line without one is always news.
  bool take(std::string_view time, std::string_view text);

  // The log is asked for anew, from since() on.
  void reopen();

  // RFC 3339 in UTC, whole seconds; empty while there was no line with a time.
  std::string since() const;

 private:
  struct Taken {
    std::int64_t second;
    std::size_t hash;  // of time and text
  };

  bool was_taken(std::string_view time, std::size_t hash);

  std::deque<Taken> recent_;                    // of the seconds that would come again
  std::unordered_multiset<std::size_t> again_;  // what comes again now, as far as it hasn't yet
  std::string first_;                           // the time of the first line
  std::int64_t newest_ = 0;                     // seconds since 1970; 0: no line yet
  bool reopened_ = false;
};

}  // namespace ferry::logs
