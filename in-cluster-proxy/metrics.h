// What has happened on the proxy's ports, as Prometheus text (exposition format 0.0.4). Numbers
// only: whoever can reach the health port may read them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "tunnel/types.h"

namespace ferry::proxy {

// What became of connections on the tunnel port.
enum class CarrierFate : std::uint8_t {
  kBegun,         // a new session
  kResumed,       // a session goes on
  kNotTls,        // no TLS 1.3, or ended within it
  kCertificate,   // without this installation's certificate
  kTooSlow,       // said nothing useful in time
  kCrowdedOut,    // too many were waiting, it was the oldest
  kNotFerry,      // speaks another protocol inside TLS
  kClosed,        // closed by its peer within the greeting
  kNoRoom,        // as many sessions as allowed, all of them attached; or the proxy is ending
  kResumeFailed,  // no such session, wrong proof, past epoch, offset that cannot be
  kCount,
};

// Why a session is over.
enum class SessionFate : std::uint8_t {
  kProtocol,  // its peer broke the protocol, or said that we did
  kFailed,    // otherwise: another version, a RESUME that cannot be
  kExpired,   // its daemon didn't come back
  kMemory,    // kept for a daemon, and memory for that was used up
  kRoom,      // kept for a daemon, and a new session needed the place
  kReplaced,  // its daemon began anew
  kCount,
};

struct Metrics {
  std::array<std::uint64_t, static_cast<std::size_t>(CarrierFate::kCount)> carriers{};
  std::array<std::uint64_t, static_cast<std::size_t>(SessionFate::kCount)> sessions{};
  std::uint64_t streams_opened = 0;   // asked for, by either side
  std::uint64_t streams_refused = 0;  // of those that daemons asked for

  void count(CarrierFate fate) { ++carriers[static_cast<std::size_t>(fate)]; }
  void count(SessionFate fate) { ++sessions[static_cast<std::size_t>(fate)]; }
  std::uint64_t of(CarrierFate fate) const { return carriers[static_cast<std::size_t>(fate)]; }
  std::uint64_t of(SessionFate fate) const { return sessions[static_cast<std::size_t>(fate)]; }
};

// What there is at the moment.
struct Gauges {
  std::size_t waiting = 0;   // connections before the end of their greeting
  std::size_t attached = 0;  // sessions with a carrier
  std::size_t kept = 0;      // sessions without one
  std::size_t streams = 0;
  std::size_t memory = 0;  // bytes held for streams of all sessions
};

std::string prometheus_text(const Metrics& metrics, const Gauges& gauges);

}  // namespace ferry::proxy
