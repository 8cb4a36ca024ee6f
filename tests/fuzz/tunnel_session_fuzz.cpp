// A peer that sends anything, to a session whose application does the usual: accept, send a little,
// consume, finish. The first byte chooses the role, what comes before the bytes of the input, and
// how they are read: as they are, or as a list of frames, which gets deeper.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

#include "tunnel/frame.h"
#include "tunnel/messages.h"
#include "tunnel/session.h"

namespace {

using namespace ferry;
using namespace ferry::tunnel;

Options small_options() {
  Options options;
  options.max_streams = 16;
  options.window_budget = 65536;
  options.initial_credit = 4096;
  options.control_backlog = 4096;
  options.useless_per_second = 1000;
  options.opens_per_second = 200;
  options.resets_per_second = 100;
  return options;
}

class Victim {
 public:
  explicit Victim(Role role) : session_(role, options_, SessionKeys{}), role_(role) {
    session_.attach(now_);
  }

  Session& session() { return session_; }

  void greet() {
    Hello hello;
    hello.max_streams = 16;
    hello.opening_credit = 8192;
    if (role_ == Role::kDaemon) hello.keys = SessionKeys{};
    FrameBuilder frame = encode(hello);
    feed(frame.frame());
    for (int i = 0; i < 3; ++i) {
      const TargetKind kind = role_ == Role::kDaemon ? TargetKind::kDial : TargetKind::kLink;
      const auto id = session_.open({"host", 80, kind}, now_);
      if (id) send(*id);
    }
    for (const std::uint16_t port : std::array<std::uint16_t, 2>{80, 81})
      (void)session_.listen(port);
    session_.unlisten(80);
    session_.set_ready(true);
  }

  void feed(Bytes bytes) {
    now_ += std::chrono::milliseconds(3);
    // A copy of its own, so that a view that outlives it is seen.
    const std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
    (void)session_.receive(copy, now_);
    drain();
    check();
  }

  void take(std::size_t max) {
    std::vector<Bytes> pieces;
    std::size_t sum = 0;
    const std::size_t n = session_.take_output(max, pieces, now_);
    for (const Bytes piece : pieces) {
      sum += piece.size();
      for (const std::uint8_t byte : piece) checksum_ += byte;  // all of it can be read
    }
    if (sum != n) std::abort();
    drain();
  }

  void lose_carrier() {
    session_.detach(now_);
    if (role_ == Role::kDaemon) return session_.resume({}, now_);
    (void)session_.accept_resume({session_.keys().id, ++epoch_, {}, 0}, {}, now_);
    drain();
  }

  void change_links(std::uint16_t port) {
    session_.unlisten(port);
    (void)session_.listen(port);
    session_.set_ready(port % 2 == 0);
    drain();
  }

  void pass(Duration duration) {
    now_ += duration;
    session_.on_timeout(now_);
    drain();
  }

 private:
  void send(StreamId id) {
    const MutableBytes place = session_.reserve(id);
    const std::size_t n = std::min<std::size_t>(place.size(), 100);
    std::fill_n(place.begin(), n, std::uint8_t{7});
    session_.commit(id, n);
  }

  void drain() {
    while (auto event = session_.poll_event()) handle(*event);
  }

  void handle(const Event& event) {
    if (const auto* opened = std::get_if<Opened>(&event)) {
      const StreamId id = opened->stream;
      if (id % 7 == 3) return session_.refuse(id, Reason::kRefused, "no");
      if (id % 7 == 5) return;  // never answered
      session_.accept(id);
      send(id);
    } else if (const auto* data = std::get_if<Data>(&event)) {
      for (const std::uint8_t byte : data->data) checksum_ += byte;
      if (data->stream % 5 != 0) session_.consumed(data->stream, data->data.size());
    } else if (const auto* finished = std::get_if<Finished>(&event)) {
      session_.finish(finished->stream);
    } else if (const auto* asked = std::get_if<ListenRequested>(&event)) {
      if (asked->port % 7 == 5) return;  // never answered
      if (asked->port % 7 == 3) return session_.not_listening(asked->port, Reason::kRefused, "no");
      session_.listening(asked->port);
    } else if (const auto* result = std::get_if<ListenResult>(&event)) {
      if (!result->ok) (void)session_.listen(result->port);
    } else if (const auto* sendable = std::get_if<Sendable>(&event)) {
      send(sendable->stream);
    }
  }

  void check() const {
    const Stats stats = session_.stats();
    if (session_.failed()) return;
    const std::size_t credit = options_.window_budget + options_.max_streams * options_.min_credit;
    if (stats.credit_granted > credit) std::abort();
    if (stats.streams > options_.max_streams) std::abort();
    if (stats.ring_bytes > options_.ring_start + options_.control_backlog) std::abort();
  }

  const Options options_ = small_options();
  Session session_;
  const Role role_;
  TimePoint now_{std::chrono::hours(1)};
  std::uint32_t epoch_ = 0;
  std::uint64_t checksum_ = 0;
};

// Raw bytes, in pieces of changing size.
void play_bytes(Victim& victim, Bytes input) {
  std::size_t piece = 1;
  while (!input.empty()) {
    const std::size_t n = std::min(piece, input.size());
    victim.feed(input.first(n));
    input = input.subspan(n);
    piece = piece * 3 % 251;
    victim.take(1000);
  }
}

// operation u8, stream u8, length u8, payload: what the frame's type takes.
void play_frames(Victim& victim, FieldReader input) {
  while (!input.at_end()) {
    const std::uint8_t operation = input.u8();
    if (operation == 0xf0) victim.take(16384);
    if (operation == 0xf1) victim.lose_carrier();
    if (operation == 0xf2) victim.pass(std::chrono::milliseconds(40));
    if (operation == 0xf3) victim.pass(std::chrono::seconds(11));
    if (operation == 0xf4) victim.change_links(input.u8());
    if (operation >= 0xf0) continue;
    FrameBuilder frame(static_cast<FrameType>(operation), input.u8());
    const Bytes payload = input.bytes(input.u8());
    victim.feed(frame.bytes(payload).frame());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned choice = data[0];
  Victim victim((choice & 1U) != 0 ? Role::kDaemon : Role::kProxy);
  if ((choice & 2U) != 0) victim.greet();
  const Bytes input(data + 1, size - 1);
  if ((choice & 4U) != 0) {
    play_bytes(victim, input);
  } else {
    play_frames(victim, FieldReader(input));
  }
  return 0;
}
