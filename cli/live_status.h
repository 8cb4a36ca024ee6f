// What `ferry status --watch` shows, from one look at the daemon to the next: a picture of all
// links for a terminal, or a line for each change.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/control/api.h"

namespace ferry::cli {

struct Screen {
  std::size_t columns = 80;
  std::size_t rows = 24;
  bool color = false;
  bool utf8 = true;  // else ASCII alone
};

// The last `width` of some rates as a curve, the latest at its end: each as a part of the largest.
std::string sparkline(const std::deque<std::uint64_t>& rates, std::size_t width, bool utf8);

class LiveStatus {
 public:
  // What the daemon says at `now`. Errors: kTimedOut: it hangs; others: none runs. To be called
  // about once a second.
  void update(const Result<control::DaemonStatus>& status, control::UnixMillis now);

  // Lines that fit the screen, each ended by '\n'. Without a daemon, what was last seen of it.
  std::string picture(const Screen& screen) const;

  // What is other than at the update before, a line each; the first time all there is.
  const std::vector<std::string>& changes() const { return changes_; }

 private:
  struct Flow {
    std::uint64_t bytes = 0;  // both ways, so far
    control::UnixMillis at = 0;
    std::deque<std::uint64_t> rates;  // bytes per second, the latest last
  };

  void note_changes(const control::DaemonStatus& now);
  void note_tunnel(const control::TunnelStatus& tunnel);
  void note_link(const control::LinkStatus& link);
  void take_rates(const control::DaemonStatus& now);
  std::vector<std::string> row(const control::LinkStatus& link, const Screen& screen) const;
  std::string headline() const;

  std::optional<control::DaemonStatus> seen_;  // the last that there was
  bool runs_ = false;
  bool hangs_ = false;
  bool updated_ = false;
  control::UnixMillis now_ = 0;
  control::UnixMillis gone_since_ = 0;
  std::map<std::string, Flow> flows_;  // by the link's id
  std::vector<std::string> changes_;
};

}  // namespace ferry::cli
