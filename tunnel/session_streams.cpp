// Streams from the inside: opening, sending into the ring, consuming, closing.
#include <algorithm>
#include <limits>
#include <utility>

#include "tunnel/problems.h"
#include "tunnel/session_impl.h"

namespace ferry::tunnel {
namespace {

// Bytes that idle streams keep: what an answer's head takes, as long as there are few; all of them
// together a small part of the budget.
constexpr std::size_t kIdleCredit = 16384;
constexpr std::size_t kIdleCreditOfAll = std::size_t{4} * 1024 * 1024;
constexpr std::size_t kLateControl = 4;  // frames besides DATA: OPEN_OK, SKIP, FIN, RST

std::uint8_t byte_of(Reason reason) { return static_cast<std::uint8_t>(reason); }

}  // namespace

Status Session::Impl::may_open(const Target& target) const {
  const auto not_now = [&](const Problem& problem, std::string why, std::string fix = {}) {
    return ferry::fail(problem, "opening a stream to " + target.host, std::move(why),
                       std::move(fix));
  };
  if (!is_valid(target) || !may_ask_for(role, target.kind)) {
    return not_now(problem::kTargetInvalid, "not a target that can be asked for");
  }
  if (failure) return not_now(problem::kNotConnected, failure->summary());
  if (!established) return not_now(problem::kNotConnected, "no tunnel yet");
  if (target.kind != TargetKind::kDial && (peer_features & kFeatureLinks) == 0) {
    return not_now(problem::kPeerTooOld,
                   "the peer, version " + peer_version + ", doesn't know this kind of stream",
                   "use the same version on both sides");
  }
  if (peer_shuts_down) return not_now(problem::kPeerEnds, "the peer shuts down");
  const std::size_t most = std::min(options.max_streams, peer_max_streams);
  if (live_streams() >= most || !streams.has_next_own()) {
    return not_now(problem::kFull, "too many streams in this session");
  }
  if (!streams.has_room()) {
    return not_now(problem::kFull, "all memory for streams is used up");
  }
  return {};
}

Result<StreamId> Session::Impl::open(const Target& target) {
  if (Status allowed = may_open(target); !allowed) return ferry::fail(allowed.error());
  if (!ring_makes_room(kHeaderSize + 13 + target.host.size() + kClosingBytes)) {
    return ferry::fail(problem::kFull, "opening a stream to " + target.host,
                       "the tunnel takes no more data at the moment");
  }
  Stream& stream = streams.add_own();
  stream.state = StreamState::kOpening;
  stream.turn.last_sent = now;
  Open request;
  request.claim = opening_claims.claim(options.initial_credit);
  request.grant = static_cast<std::uint32_t>(budget.first_window());
  request.target = target;
  stream.send_limit = request.claim;
  stream.receive.open(request.grant, request.grant, budget, now);
  append(encode(stream.id, request).frame());
  note_activity();
  return stream.id;
}

void Session::Impl::accept(StreamId id) {
  Stream* stream = streams.find_live(id);
  if (stream == nullptr || !move(*stream, StreamInput::kAcceptSent)) return;
  append(FrameBuilder(FrameType::kOpenOk, id).frame());
  note_activity();
}

void Session::Impl::refuse(StreamId id, Reason reason, std::string_view detail) {
  if (forget_gone(id)) return;  // the peer took it back
  Stream* stream = streams.find(id);
  if (stream == nullptr || !next_state(stream->state, StreamInput::kRefuseSent)) return;
  FrameBuilder frame(FrameType::kOpenFail, id);
  frame.u8(byte_of(reason));
  // What is held for closing has room for the reason; the words need some of their own.
  if (ring_has_room(kHeaderSize + 1 + kMaxDetail)) frame.text(detail, kMaxDetail);
  append(frame.frame());
  retire(*stream, std::nullopt);
}

// As much as it was found to need, as long as the process has memory for it.
bool Session::Impl::ring_has_room(std::size_t frame_size) const {
  const std::size_t size = ring.used() + live_streams() * kClosingBytes + frame_size;
  if (size > ring_capacity) return false;
  return ring.has_place(frame_size) || ring_memory.spare() >= ReplayRing::kBlockSize ||
         ring.used() + frame_size <= kSmallestRing;
}

bool Session::Impl::ring_makes_room(std::size_t frame_size) {
  // Full although the carrier took most of it: it is the round trip that asks for more.
  const bool in_flight = carrier == CarrierState::kCarrying && ring.unsent() < ring_capacity / 2;
  if (!ring_has_room(frame_size) && in_flight) {
    ring_capacity = std::max(ring_capacity, std::min(ring_capacity * 2, options.ring_max));
  }
  return ring_has_room(frame_size);
}

void Session::Impl::append(Bytes frame) {
  reserved_for = 0;
  ring.append(frame);
}

MutableBytes Session::Impl::reserve(StreamId id) {
  reserved_for = 0;
  Stream* stream = streams.find_live(id);
  if (stream == nullptr || !may_send(stream->state)) return {};
  if (stream->send_credit() == 0) {
    scheduler.remove(*stream);
    stream->wants_credit = true;
    return {};
  }
  const std::size_t size = std::min<std::size_t>(kMaxPayload, stream->send_credit());
  if (!scheduler.may_send(*stream, ring.unsent(), now) || !ring_makes_room(kHeaderSize + size)) {
    scheduler.wait(*stream);
    return {};
  }
  reserved_for = id;
  reserved = ring.reserve(kHeaderSize + size);
  return reserved.subspan(kHeaderSize);
}

void Session::Impl::commit(StreamId id, std::size_t n) {
  Stream* stream = streams.find_live(id);
  if (stream == nullptr || id != reserved_for || id == 0) return;
  reserved_for = 0;
  n = std::min(n, reserved.size() - kHeaderSize);
  if (n == 0) {
    ring.commit(0);
    return scheduler.sent(*stream, 0, now);
  }
  put_header({FrameType::kData, 0, static_cast<std::uint16_t>(n), id}, reserved.data());
  ring.commit(kHeaderSize + n);
  stream->sent += n;
  totals.bytes_sent += n;
  scheduler.sent(*stream, kHeaderSize + n, now);
  note_activity();
}

std::optional<Event> Session::Impl::grant() {
  if (failure || !established || !ring_makes_room(kMaxFrame)) return std::nullopt;
  const Stream* stream = scheduler.grant(ring.unsent(), now);
  if (stream == nullptr) return std::nullopt;
  return Sendable{stream->id};
}

void Session::Impl::finish(StreamId id) {
  Stream* stream = streams.find_live(id);
  if (stream == nullptr || !move(*stream, StreamInput::kFinSent)) return;
  scheduler.remove(*stream);
  stream->wants_credit = false;
  append(FrameBuilder(FrameType::kFin, id).frame());
  end_if_done(*stream);
}

void Session::Impl::reset(StreamId id, Reason reason) {
  if (forget_gone(id)) return;
  Stream* stream = streams.find(id);
  if (stream == nullptr) return;
  append(FrameBuilder(FrameType::kRst, id).u8(byte_of(reason)).frame());
  retire(*stream, std::nullopt);
}

bool Session::Impl::forget_gone(StreamId id) {
  const Stream* stream = streams.find(id);
  if (stream == nullptr || stream->state != StreamState::kGone) return false;
  streams.erase(id);
  --gone;
  return true;
}

void Session::Impl::consumed(StreamId id, std::size_t n) {
  Stream* stream = streams.find_live(id);
  if (stream == nullptr) return;
  constexpr Duration kUnknownRoundTrip = std::chrono::milliseconds(100);
  const Duration round_trip = liveness.round_trip().value_or(kUnknownRoundTrip);
  n = std::min(n, stream->receive.unconsumed());
  if (stream->receive.consume(n, budget, now, round_trip)) tell_credit(*stream);
  end_if_done(*stream);
}

bool Session::Impl::move(Stream& stream, StreamInput input) {
  const auto after = next_state(stream.state, input);
  if (after) stream.state = *after;
  return after.has_value();
}

void Session::Impl::end_if_done(Stream& stream) {
  if (stream.state == StreamState::kFinished && stream.receive.unconsumed() == 0) {
    retire(stream, Closed{stream.id});
  }
}

void Session::Impl::leave_collaborators(Stream& stream) {
  scheduler.remove(stream);
  credits_due.remove(stream);
}

void Session::Impl::retire(Stream& stream, std::optional<Event> event) {
  leave_collaborators(stream);
  late_allowed += stream.receive.unused() + kLateControl;
  stream.receive.close(budget);
  if (!event) return streams.erase(stream.id);
  stream.state = StreamState::kGone;
  ++gone;
  events.push(std::move(*event));
}

void Session::Impl::tell_credit(Stream& stream) {
  if (!credits_due.contains(stream)) credits_due.push_back(stream);
}

void Session::Impl::note_activity() {
  if (!give_back_at) give_back_at = now + options.credit_idle;
}

void Session::Impl::give_back_idle_credit(TimePoint the_now) {
  give_back_at.reset();
  if (ring.used() == 0) ring.trim();
  const std::size_t share = kIdleCreditOfAll / std::max<std::size_t>(live_streams(), 1);
  const std::size_t keep = std::max(std::min(share, kIdleCredit), options.min_credit);
  for (auto& [id, stream] : streams) {
    const std::uint64_t unused = stream.send_credit();
    const bool waits = stream.turn.granted || stream.turn.hook.linked();
    if (!may_send(stream.state) || waits || unused <= keep + keep / 2) continue;
    const bool idle = the_now - stream.turn.last_sent >= options.credit_idle;
    if (!idle || !ring_has_room(kHeaderSize + 4)) {
      note_activity();  // look again
      continue;
    }
    const auto given = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(unused - keep, std::numeric_limits<std::int32_t>::max()));
    append(FrameBuilder(FrameType::kSkip, id).u32(given).frame());
    stream.sent += given;
  }
}

}  // namespace ferry::tunnel
