#include "daemon/traffic_meter.h"

#include <algorithm>

namespace ferry::daemon {
namespace {

std::uint64_t rate(std::uint64_t from, std::uint64_t to, Duration time) {
  if (to <= from) return 0;  // a session that broke takes its open connections' bytes along
  const auto seconds = std::chrono::duration<double>(time).count();
  return static_cast<std::uint64_t>(static_cast<double>(to - from) / seconds);
}

}  // namespace

void TrafficMeter::ended(const ConnectionEnd& end) {
  if (!end.opened) ++failed_;
  sent_ += end.sent;
  received_ += end.received;
}

control::Traffic TrafficMeter::read(const OpenTraffic& open) const {
  return {.open_connections = open.connections,
          .total_connections = total_,
          .failed_connections = failed_,
          .bytes_sent = sent_ + open.sent,
          .bytes_received = received_ + open.received,
          .bytes_sent_per_second = sent_rate_,
          .bytes_received_per_second = received_rate_};
}

void TrafficMeter::sample(const OpenTraffic& open, TimePoint now) {
  const auto traffic = read(open);
  if (sampled_at_ != TimePoint{} && now > sampled_at_) {
    sent_rate_ = rate(sampled_sent_, traffic.bytes_sent, now - sampled_at_);
    received_rate_ = rate(sampled_received_, traffic.bytes_received, now - sampled_at_);
  }
  sampled_at_ = now;
  sampled_sent_ = traffic.bytes_sent;
  sampled_received_ = traffic.bytes_received;
}

}  // namespace ferry::daemon
