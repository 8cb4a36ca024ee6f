// One stream: the state it is in, and what the collaborators of a session keep about it.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "tunnel/credit.h"
#include "tunnel/list.h"
#include "tunnel/types.h"

namespace ferry::tunnel {

// "Local" and "remote" say whose FIN was seen. README.md has the diagram.
enum class StreamState : std::uint8_t {
  kOpening,          // ours; no answer yet
  kOpeningFinished,  // the same, and we sent FIN
  kOffered,          // the peer's; not answered yet
  kOfferedFinished,  // the same, and the peer sent FIN
  kOpen,
  kLocalFinished,
  kRemoteFinished,
  kFinished,  // both; ends when everything received is consumed
  kGone,      // known only until the event that says so is taken
};

enum class StreamInput : std::uint8_t {
  kAcceptSent,      // OPEN_OK
  kAcceptReceived,  // OPEN_OK
  kRefuseSent,      // OPEN_FAIL
  kRefuseReceived,  // OPEN_FAIL
  kFinSent,
  kFinReceived,
};

// nullopt: not allowed in this state.
std::optional<StreamState> next_state(StreamState state, StreamInput input);
bool may_send(StreamState state);     // DATA, FIN
bool may_receive(StreamState state);  // DATA, FIN

// The scheduler's notes about a stream.
struct Turn {
  ListHook hook;
  std::int64_t deficit = 0;  // bytes that it may send in its turn
  std::size_t burst = 0;     // bytes since it was last idle
  TimePoint last_sent{};
  bool granted = false;  // told that it may send, and hasn't yet
};

struct Stream {
  StreamId id = 0;
  StreamState state = StreamState::kOpening;

  ReceiveWindow receive;
  ListHook credit_due;  // its limit is to be told to the peer

  std::uint64_t send_limit = 0;
  std::uint64_t sent = 0;
  bool wants_credit = false;  // reserve() found none
  Turn turn;

  std::uint64_t send_credit() const { return send_limit - sent; }
};

}  // namespace ferry::tunnel
