// The vocabulary of a session: roles, stream ids, reasons, limits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace ferry::tunnel {

// Streams opened by the daemon have odd ids, by the proxy even ones; 0 is the session itself.
using StreamId = std::uint32_t;

enum class Role : std::uint8_t { kDaemon, kProxy };

// Why a stream could not be opened, or was reset. On the wire as one byte; see README.md.
enum class Reason : std::uint8_t {
  kNone = 0,
  kRefused,       // nobody listens there
  kNoSuchHost,    // the name does not resolve
  kUnreachable,   // no route, network down
  kTimedOut,      // no answer in time
  kReset,         // the peer's socket was reset
  kForbidden,     // the proxy's policy does not allow it
  kLimit,         // too many streams or pending dials
  kNoSuchLink,    // a reverse link that is not (or no longer) there
  kShuttingDown,  // the process is draining
  kCancelled,     // the opener went away
  kInternal,
};
std::string_view name_of(Reason reason);

// What a stream is for. On the wire as one byte.
enum class TargetKind : std::uint8_t {
  kDial = 0,  // daemon to proxy: connect to host and port, as seen from the cluster
  kLink,      // proxy to daemon: a caller came in on `port`, which the daemon had it listen on;
              // `host` is the caller's address and port as text ("10.244.0.7:51234")
  kService,   // daemon to proxy: something of the proxy's own, named by `host`; port 0
};

inline constexpr std::size_t kMaxHost = 255;  // bytes

// What OPEN asks for.
struct Target {
  std::string host;        // not empty, at most kMaxHost bytes; a name is resolved by the proxy
  std::uint16_t port = 0;  // 1 to 65535
  TargetKind kind = TargetKind::kDial;
};

// Whether its fields are in their ranges.
bool is_valid(const Target& target);
// Whether this side may open such a stream.
bool may_ask_for(Role opener, TargetKind kind);

using SessionId = std::array<std::uint8_t, 16>;
using Secret = std::array<std::uint8_t, 32>;
using Proof = std::array<std::uint8_t, 32>;

inline constexpr std::size_t kMaxLinks = 64;  // ports that a session listens on at once

// Made at random by the proxy for each session, told to the daemon in HELLO over the encrypted
// tunnel.
struct SessionKeys {
  SessionId id{};
  Secret secret{};
};

// Who a daemon is, told in HELLO: by it a proxy knows sessions that nobody will come back for.
// None of it is secret; the proxy believes whoever has the certificate.
struct Holder {
  std::array<std::uint8_t, 16> installation{};  // one user on one machine
  std::uint64_t process = 0;                    // another one: what the one before it had is lost
  std::uint64_t tunnel = 0;                     // of the process; one session at a time
};
// Whether a session that `next` begins means that `before` will not come back for its own.
bool supersedes(const Holder& next, const Holder& before);

// Limits and tuning of one side. Each has a default that fits a laptop and a small pod; README.md
// says what each one bounds.
struct Options {
  // --- memory ---
  std::uint32_t max_streams = 16384;                     // open at once, both directions together
  std::size_t initial_credit = std::size_t{256} * 1024;  // bytes, for each new stream at most
  std::size_t min_credit = std::size_t{2} * 1024;  // bytes, what a stream gets from a spent budget
  std::size_t max_credit = std::size_t{32} * 1024 * 1024;  // bytes, one stream's window at most
  // Bytes of credit given out and not yet used up, all streams together. What is received and not
  // yet consumed is never more than window_budget + max_streams * min_credit.
  std::size_t window_budget = std::size_t{32} * 1024 * 1024;
  std::size_t ring_start = std::size_t{8} * 1024 * 1024;  // bytes, sent and not yet acknowledged
  std::size_t ring_max = std::size_t{64} * 1024 * 1024;
  std::size_t unsent_limit =
      std::size_t{256} * 1024;  // bytes in the ring that the carrier hasn't taken yet
  // Bytes by which frames that answer the peer (OPEN_OK, OPEN_FAIL, RST, FIN) may overfill the ring
  // while it acknowledges nothing.
  std::size_t control_backlog = std::size_t{1024} * 1024;

  // --- time ---
  std::size_t ack_bytes = std::size_t{256} * 1024;       // acknowledge after this much ...
  Duration ack_delay = std::chrono::milliseconds(25);    // ... or this long
  Duration greeting_timeout = std::chrono::seconds(10);  // HELLO or RESUME without an answer
  Duration ping_idle = std::chrono::seconds(10);         // silence before a PING
  Duration answer_idle = std::chrono::seconds(1);        // the same, while an ACK is waited for
  Duration doubt = std::chrono::milliseconds(500);       // without its PONG, in doubt
  Duration ping_timeout = std::chrono::seconds(5);       // wait for its PONG; dead after two misses
  Duration ack_patience = std::chrono::seconds(15);      // with a peer that has it and has no ACK
  Duration pong_patience = std::chrono::minutes(2);      // with one that talks and has no PONG
  Duration credit_idle = std::chrono::seconds(2);        // unused that long, credit is given back

  // --- what a peer may do in one second ---
  std::uint32_t opens_per_second = 20000;    // more are refused
  std::uint32_t resets_per_second = 20000;   // more end the session
  std::uint32_t useless_per_second = 50000;  // frames that change nothing; more end the session

  std::string version;           // this program's, for messages to people; at most 64 bytes
  std::optional<Holder> holder;  // the daemon's; none: not told
};

}  // namespace ferry::tunnel
