// The counters of a link: its ended connections, its open ones, and the rate over the last seconds.
#pragma once

#include "base/time.h"
#include "daemon/connection.h"
#include "daemon/control/api.h"

namespace ferry::daemon {

class TrafficMeter {
 public:
  void began() { ++total_; }
  void ended(const ConnectionEnd& end);

  // With what is open now. Connections are counted as they end; those that vanish without a word
  // (a link being taken down) are not missed by anybody.
  control::Traffic read(const OpenTraffic& open) const;

  // Takes the rate since the last sample. To be called every few seconds.
  void sample(const OpenTraffic& open, TimePoint now);

 private:
  std::uint64_t total_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;

  TimePoint sampled_at_{};
  std::uint64_t sampled_sent_ = 0;
  std::uint64_t sampled_received_ = 0;
  std::uint64_t sent_rate_ = 0;
  std::uint64_t received_rate_ = 0;
};

}  // namespace ferry::daemon
