// What comes in from the carrier: each frame against the state that it is for.
#include <algorithm>
#include <string>
#include <utility>

#include "tunnel/problems.h"
#include "tunnel/session_impl.h"

namespace ferry::tunnel {
namespace {

std::string type_text(FrameType type) {
  return "frame type " + std::to_string(static_cast<unsigned>(type));
}

}  // namespace

Status Session::Impl::receive(Bytes bytes, TimePoint the_now) {
  advance(the_now);
  if (failure) return ferry::fail(*failure);
  if (carrier == CarrierState::kNone || bytes.empty()) return {};
  liveness.heard(now, bytes.size());
  Frame frame;
  auto outcome = reader.next(bytes, frame);
  while (!failure && outcome == FrameReader::Outcome::kFrame) {
    on_frame(frame);
    outcome = reader.next(bytes, frame);
  }
  if (outcome == FrameReader::Outcome::kImplausible) {
    protocol_error(type_text(frame.header.type) + " with a wrong length or flags");
  }
  if (failure) return ferry::fail(*failure);
  if (received - acknowledged >= options.ack_bytes) pending.ack = true;
  if (received != acknowledged && !ack_at) ack_at = now + options.ack_delay;
  return {};
}

void Session::Impl::on_frame(const Frame& frame) {
  const FrameType type = frame.header.type;
  if (type == FrameType::kAbort) {
    const std::string text(as_text(frame.payload));
    if (carrier == CarrierState::kCarrying) {
      return fail({problem::kProtocol, "tunnel", "the peer ended the session: " + text, {}}, {});
    }
    return fail({problem::kRefused, "tunnel handshake", "the peer refused: " + text, {}}, {});
  }
  if (carrier != CarrierState::kCarrying) return on_greeting_frame(frame);
  if (!is_sequenced(type)) return on_unsequenced(frame);
  on_sequenced(frame);
  received += kHeaderSize + frame.payload.size();
}

void Session::Impl::on_greeting_frame(const Frame& frame) {
  const FrameType type = frame.header.type;
  if (carrier == CarrierState::kGreeting && type == FrameType::kHello) return on_hello(frame);
  if (carrier == CarrierState::kResuming && type == FrameType::kResumeOk) {
    return on_resume_ok(frame);
  }
  if (carrier == CarrierState::kResuming && type == FrameType::kResumeFail) {
    const std::string text(as_text(frame.payload));
    return fail({problem::kSessionGone, "resuming the session", text, {}}, {});
  }
  protocol_error(type_text(type) + " before the greeting was done");
}

void Session::Impl::on_hello(const Frame& frame) {
  const auto hello = decode_hello(frame.payload);
  if (!hello) return protocol_error("this is no Ferry tunnel, or its HELLO is malformed");
  pending.hello = role == Role::kProxy;
  if (hello->protocol != kProtocolVersion) return version_mismatch(*hello);
  if (hello->keys.has_value() != (role == Role::kDaemon)) {
    return protocol_error("HELLO is not from the other role");
  }
  if (hello->keys) keys = *hello->keys;
  peer_max_streams = hello->max_streams;
  peer_features = hello->features;
  peer_version = hello->version;
  opening_claims.open(hello->opening_credit);
  established = true;
  carry(now);
  events.push(Established{false, peer_version});
}

void Session::Impl::version_mismatch(const Hello& hello) {
  const auto side = [](const std::string& name, const std::string& version, unsigned protocol) {
    return name + " " + version + " speaks tunnel protocol " + std::to_string(protocol);
  };
  const std::string own_name = role == Role::kDaemon ? "ferryd" : "ferry-proxy";
  const std::string peer_name = role == Role::kDaemon ? "ferry-proxy" : "ferryd";
  const std::string& older = hello.protocol < kProtocolVersion ? peer_name : own_name;
  fail({problem::kVersionMismatch, "tunnel handshake",
        side(own_name, options.version, kProtocolVersion) + ", " +
            side(peer_name, hello.version, hello.protocol),
        "upgrade " + older},
       {});
}

void Session::Impl::on_resume_ok(const Frame& frame) {
  const std::uint64_t offset = FieldReader(frame.payload).u64();
  if (!ring.rewind(offset)) return protocol_error("RESUME_OK with an offset that cannot be");
  go_on(now);
}

void Session::Impl::on_sequenced(const Frame& frame) {
  const StreamId id = frame.header.stream;
  if (frame.header.type == FrameType::kOpen) return on_open(frame);
  if (is_link_control(frame.header.type)) return on_link_frame(frame);
  Stream* stream = streams.find_live(id);
  if (stream == nullptr) {
    // A stream that we reset: the peer hadn't heard of it yet.
    if (streams.was_opened(id)) return count_late(frame);
    return protocol_error(type_text(frame.header.type) + " for a stream that was never opened");
  }
  switch (frame.header.type) {
    case FrameType::kOpenOk: return on_open_ok(*stream);
    case FrameType::kOpenFail: return on_open_fail(*stream, frame.payload);
    case FrameType::kData: return on_data(*stream, frame.payload);
    case FrameType::kFin: return on_fin(*stream);
    case FrameType::kRst: return on_rst(*stream, frame.payload);
    case FrameType::kSkip: return on_skip(*stream, frame.payload);
    default: return protocol_error(type_text(frame.header.type) + " is unknown");
  }
}

void Session::Impl::on_open(const Frame& frame) {
  const StreamId id = frame.header.stream;
  auto request = decode_open(frame.payload);
  if (!request) return protocol_error("malformed OPEN");
  if (may_ask_for(role, request->target.kind)) return protocol_error("OPEN of a kind of ours");
  if (!streams.may_peer_open(id)) return protocol_error("OPEN with an id that is not the peer's");
  if (!opening_credit.claim(request->claim, budget))
    return protocol_error("OPEN claims too much credit");
  streams.note_peer_id(id);
  const bool allowed =
      opens.allow(now) && live_streams() < options.max_streams && streams.has_room();
  if (allowed) {
    offer(id, std::move(*request));
  } else {
    append(FrameBuilder(FrameType::kOpenFail, id)
               .u8(static_cast<std::uint8_t>(Reason::kLimit))
               .frame());
  }
  if (opening_credit.replenish(budget)) pending.opening_credit = true;
  check_control_backlog();
}

void Session::Impl::offer(StreamId id, Open request) {
  Stream& stream = streams.add_peer(id);
  stream.state = StreamState::kOffered;
  stream.send_limit = request.grant;
  stream.turn.last_sent = now;
  const std::size_t claim = request.claim;
  stream.receive.open(claim, std::max(claim, budget.first_window()), budget, now);
  if (stream.receive.replenish(budget)) tell_credit(stream);
  events.push(Opened{id, std::move(request.target)});
}

void Session::Impl::on_open_ok(Stream& stream) {
  if (!move(stream, StreamInput::kAcceptReceived)) return protocol_error("OPEN_OK out of order");
  events.push(Accepted{stream.id});
}

void Session::Impl::on_open_fail(Stream& stream, Bytes payload) {
  const auto after = next_state(stream.state, StreamInput::kRefuseReceived);
  if (!after) return protocol_error("OPEN_FAIL out of order");
  const std::string detail(
      as_text(payload.subspan(1).first(std::min(payload.size() - 1, kMaxDetail))));
  retire(stream, Refused{stream.id, decode_reason(payload[0]), detail});
}

void Session::Impl::on_data(Stream& stream, Bytes payload) {
  if (!may_receive(stream.state)) return protocol_error("DATA out of order");
  if (!stream.receive.receive(payload.size())) return protocol_error("DATA beyond its credit");
  totals.bytes_received += payload.size();
  events.push(Data{stream.id, payload});
}

void Session::Impl::on_fin(Stream& stream) {
  if (!move(stream, StreamInput::kFinReceived)) return protocol_error("FIN out of order");
  stream.receive.finish(budget);
  credits_due.remove(stream);
  events.push(Finished{stream.id});
  end_if_done(stream);
}

void Session::Impl::on_rst(Stream& stream, Bytes payload) {
  if (!resets.allow(now)) return protocol_error("too many resets in a second");
  retire(stream, Reset{stream.id, decode_reason(payload[0])});
}

void Session::Impl::on_skip(Stream& stream, Bytes payload) {
  const std::size_t n = FieldReader(payload).u32();
  if (!may_receive(stream.state)) return protocol_error("SKIP out of order");
  if (n == 0 || !stream.receive.skip(n, budget)) return protocol_error("SKIP beyond its credit");
}

void Session::Impl::on_unsequenced(const Frame& frame) {
  FieldReader fields(frame.payload);
  switch (frame.header.type) {
    case FrameType::kAck: return on_ack(fields.u64());
    case FrameType::kCredit: return on_credit(frame.header.stream, fields.u64());
    case FrameType::kPing: pending.pong = fields.u64(); return count_useless();
    case FrameType::kPong: return on_pong(fields.u64());
    case FrameType::kGoAway: {
      const Reason reason = decode_reason(fields.u8());
      peer_shuts_down = reason == Reason::kShuttingDown;
      events.push(GoingAway{reason, std::chrono::milliseconds(fields.u32())});
      return count_useless();
    }
    case FrameType::kHello:
    case FrameType::kResume:
    case FrameType::kResumeOk:
    case FrameType::kResumeFail:
      return protocol_error(type_text(frame.header.type) + " in the middle of a session");
    default: return count_useless();  // of a newer peer; not sequenced, so it may be ignored
  }
}

void Session::Impl::on_pong(std::uint64_t number) {
  if (liveness.pong(number, now) && !ack_watch.answered(ring.acked(), now)) {
    return protocol_error("the peer acknowledges nothing of what it has received");
  }
  count_useless();
}

void Session::Impl::on_ack(std::uint64_t offset) {
  const bool useless_ack = offset == ring.acked();
  if (!ring.acknowledge(offset)) return protocol_error("ACK with an offset that cannot be");
  if (useless_ack) return count_useless();
  liveness.acknowledged(now);
  note_activity();  // the ring's memory may be idle now
}

void Session::Impl::on_credit(StreamId id, std::uint64_t limit) {
  if (id == 0) {
    if (!opening_claims.raise(limit)) protocol_error("opening credit went down");
    return count_useless();
  }
  Stream* stream = streams.find_live(id);
  if (stream == nullptr) {
    if (!streams.was_opened(id)) protocol_error("CREDIT for a stream that was never opened");
    return count_useless();
  }
  if (limit < stream->send_limit) return protocol_error("CREDIT went down");
  if (limit == stream->send_limit) return count_useless();
  stream->send_limit = limit;
  note_activity();
  if (!stream->wants_credit) return;
  stream->wants_credit = false;
  scheduler.wait(*stream);
}

void Session::Impl::check_control_backlog() {
  if (ring.used() + live_streams() * kClosingBytes > ring_capacity + options.control_backlog) {
    protocol_error("the peer asks for much, and acknowledges no answers");
  }
}

void Session::Impl::count_useless() {
  if (!useless.allow(now)) protocol_error("too many frames in a second that change nothing");
}

void Session::Impl::count_late(const Frame& frame) {
  const std::size_t cost = std::max<std::size_t>(frame.payload.size(), 1);
  if (cost > late_allowed) return count_useless();
  late_allowed -= cost;
}

void Session::Impl::protocol_error(std::string why) {
  const Error error{problem::kProtocol, "tunnel", std::move(why), {}};
  fail(error, error.why);
}

}  // namespace ferry::tunnel
