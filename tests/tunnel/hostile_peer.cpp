#include "tests/tunnel/hostile_peer.h"

#include <algorithm>
#include <utility>

namespace ferry::tunnel::testing {

HostilePeer::HostilePeer(Role role_of_victim, Options options)
    : session_(role_of_victim, std::move(options)), victim_(role_of_victim) {
  session_.attach(now_);
  Hello hello;
  hello.max_streams = 1000;
  hello.opening_credit = 1'000'000;
  if (role_of_victim == Role::kDaemon) hello.keys = SessionKeys{};
  say(encode(hello));
  hear(FrameType::kHello);
}

bool HostilePeer::say(FrameBuilder frame) {
  (void)session_.receive(frame.frame(), now_);
  drain();
  return !session_.failed();
}

bool HostilePeer::open(StreamId id, std::uint32_t claim) {
  Open request;
  request.claim = claim;
  request.grant = 1000;
  const bool links = victim_ == Role::kDaemon;
  request.target = {"host", 80, links ? TargetKind::kLink : TargetKind::kDial};
  return say(encode(id, request));
}

bool HostilePeer::data(StreamId id, std::size_t n) {
  while (n > 0 && !session_.failed()) {
    std::vector<std::uint8_t> frame(kHeaderSize + std::min(n, kMaxPayload));
    n -= frame.size() - kHeaderSize;
    const auto length = static_cast<std::uint16_t>(frame.size() - kHeaderSize);
    put_header({FrameType::kData, 0, length, id}, frame.data());
    (void)session_.receive(frame, now_);
    drain();
  }
  return !session_.failed();
}

std::vector<StreamId> HostilePeer::hear(FrameType type) {
  std::vector<StreamId> ids;
  while (session_.wants_output()) {
    std::vector<Bytes> pieces;
    session_.take_output(1'000'000, pieces, now_);
    FrameReader reader;
    Frame frame;
    for (Bytes piece : pieces) {
      while (reader.next(piece, frame) == FrameReader::Outcome::kFrame) {
        if (frame.header.type == type) ids.push_back(frame.header.stream);
        if (frame.header.type == FrameType::kPing) ++pings_;
      }
    }
  }
  return ids;
}

void HostilePeer::wait(Duration duration) {
  const TimePoint end = now_ + duration;
  for (auto due = session_.next_timeout(); due && *due < end; due = session_.next_timeout()) {
    now_ = std::max(now_, *due);
    session_.on_timeout(now_);
    drain();
    hear(FrameType::kPing);
  }
  now_ = end;
}

void HostilePeer::answer_ping() {
  const std::uint64_t before = pings_answered_;
  hear(FrameType::kPing);
  pings_answered_ = pings_;
  if (pings_answered_ != before) say(FrameBuilder(FrameType::kPong).u64(pings_));
}

void HostilePeer::drain() {
  while (const auto event = session_.poll_event()) {
    if (std::holds_alternative<CarrierDead>(*event)) carrier_died = true;
    if (const auto* failed = std::get_if<Failed>(&*event)) failure_ = failed->error.summary();
    const auto* request = std::get_if<Opened>(&*event);
    if (request == nullptr) continue;
    opened.push_back(request->stream);
    if (accepts) session_.accept(request->stream);
  }
}

}  // namespace ferry::tunnel::testing
