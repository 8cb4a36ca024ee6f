#include "tunnel/stream.h"

namespace ferry::tunnel {
namespace {

using State = StreamState;

std::optional<State> after_accept(State state, StreamInput input) {
  const bool sent = input == StreamInput::kAcceptSent;
  if (sent && state == State::kOffered) return State::kOpen;
  if (sent && state == State::kOfferedFinished) return State::kRemoteFinished;
  if (!sent && state == State::kOpening) return State::kOpen;
  if (!sent && state == State::kOpeningFinished) return State::kLocalFinished;
  return std::nullopt;
}

std::optional<State> after_refuse(State state, StreamInput input) {
  const bool ours = state == State::kOpening || state == State::kOpeningFinished;
  const bool theirs = state == State::kOffered || state == State::kOfferedFinished;
  const bool allowed = input == StreamInput::kRefuseSent ? theirs : ours;
  if (!allowed) return std::nullopt;
  return State::kGone;
}

std::optional<State> after_fin_sent(State state) {
  if (state == State::kOpening) return State::kOpeningFinished;
  if (state == State::kOpen) return State::kLocalFinished;
  if (state == State::kRemoteFinished) return State::kFinished;
  return std::nullopt;
}

std::optional<State> after_fin_received(State state) {
  if (state == State::kOffered) return State::kOfferedFinished;
  if (state == State::kOpen) return State::kRemoteFinished;
  if (state == State::kLocalFinished) return State::kFinished;
  return std::nullopt;
}

}  // namespace

std::optional<StreamState> next_state(StreamState state, StreamInput input) {
  if (state == State::kGone) return std::nullopt;
  switch (input) {
    case StreamInput::kAcceptSent:
    case StreamInput::kAcceptReceived: return after_accept(state, input);
    case StreamInput::kRefuseSent:
    case StreamInput::kRefuseReceived: return after_refuse(state, input);
    case StreamInput::kFinSent: return after_fin_sent(state);
    case StreamInput::kFinReceived: return after_fin_received(state);
  }
  return std::nullopt;
}

bool may_send(StreamState state) {
  return state == State::kOpening || state == State::kOpen || state == State::kRemoteFinished;
}

bool may_receive(StreamState state) {
  return state == State::kOffered || state == State::kOpen || state == State::kLocalFinished;
}

}  // namespace ferry::tunnel
