// How a Session keeps its collaborators together. Only the session_*.cpp files include this.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tunnel/ack_watch.h"
#include "tunnel/credit.h"
#include "tunnel/event_queue.h"
#include "tunnel/frame.h"
#include "tunnel/list.h"
#include "tunnel/liveness.h"
#include "tunnel/messages.h"
#include "tunnel/rate_limit.h"
#include "tunnel/replay_ring.h"
#include "tunnel/scheduler.h"
#include "tunnel/session.h"
#include "tunnel/stream_table.h"

namespace ferry::tunnel {

// Room in the ring that every live stream holds for OPEN_OK, FIN and RST, so that closing always
// gets through.
inline constexpr std::size_t kClosingBytes = 32;
// What a ring may hold in any case.
inline constexpr std::size_t kSmallestRing = std::size_t{64} * 1024;

enum class CarrierState : std::uint8_t {
  kNone,
  kGreeting,  // HELLO isn't exchanged yet
  kResuming,  // daemon: RESUME isn't answered yet
  kCarrying,
};

struct Session::Impl {
  Impl(Role role, Options options, SessionKeys keys, MemoryBudget* memory);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // --- the carrier (session.cpp) ---
  void attach(TimePoint now);
  void resume(const Proof& proof, TimePoint now);
  Status accept_resume(const ResumeRequest& request, const Proof& expected, TimePoint now);
  void detach();
  // Every entry with a `now` starts here.
  void advance(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  void on_timeout(TimePoint now);
  std::optional<Event> poll_event();
  void fail(Error error, std::string_view last_words);
  void start_carrier(CarrierState state, TimePoint now);
  // The greeting is done: tells again what the old carrier may have lost.
  void carry(TimePoint now);
  // Both sides agreed where to go on.
  void go_on(TimePoint now);

  // --- what comes in (session_receive.cpp) ---
  Status receive(Bytes bytes, TimePoint now);
  void on_frame(const Frame& frame);
  void on_greeting_frame(const Frame& frame);
  void on_sequenced(const Frame& frame);
  void on_unsequenced(const Frame& frame);
  void on_hello(const Frame& frame);
  void on_resume_ok(const Frame& frame);
  void on_open(const Frame& frame);
  void offer(StreamId id, Open open);
  void on_open_ok(Stream& stream);
  void on_open_fail(Stream& stream, Bytes payload);
  void on_data(Stream& stream, Bytes payload);
  void on_fin(Stream& stream);
  void on_rst(Stream& stream, Bytes payload);
  void on_skip(Stream& stream, Bytes payload);
  void on_pong(std::uint64_t number);
  void on_ack(std::uint64_t offset);
  void on_credit(StreamId id, std::uint64_t limit);
  void count_useless();
  void count_late(const Frame& frame);  // for a stream that is gone on this side
  // The session ends where answers pile up that the peer doesn't acknowledge.
  void check_control_backlog();
  void protocol_error(std::string why);
  void version_mismatch(const Hello& hello);

  // --- links (session_links.cpp) ---
  Status listen(std::uint16_t port);
  void unlisten(std::uint16_t port);
  void listening(std::uint16_t port);
  void not_listening(std::uint16_t port, Reason reason, std::string_view detail);
  // Proxy: takes the answer that this port is owed; false: none.
  bool answer_link(std::uint16_t port, bool ok);
  bool ready_is_due() const;
  void write_ready();
  void on_link_frame(const Frame& frame);
  void on_ready(std::uint8_t value);
  void on_listen(std::uint16_t port);
  void on_unlisten(std::uint16_t port);
  void on_listen_answer(std::uint16_t port, bool ok, Bytes rest);

  // --- what goes out (session_output.cpp) ---
  std::size_t take_output(std::size_t max, std::vector<Bytes>& pieces, TimePoint now);
  bool wants_output() const;
  bool has_control_output() const;
  void write(Bytes frame);
  void write_greetings();
  void write_control(std::size_t max, TimePoint now);
  void write_credits(std::size_t max);
  Hello own_hello() const;

  // --- streams (session_streams.cpp) ---
  Result<StreamId> open(const Target& target);
  void accept(StreamId id);
  void refuse(StreamId id, Reason reason, std::string_view detail);
  MutableBytes reserve(StreamId id);
  void commit(StreamId id, std::size_t n);
  void finish(StreamId id);
  void reset(StreamId id, Reason reason);
  void consumed(StreamId id, std::size_t n);
  Status may_open(const Target& target) const;
  // A frame other than DATA into the ring.
  void append(Bytes frame);
  std::optional<Event> grant();
  bool move(Stream& stream, StreamInput input);
  void end_if_done(Stream& stream);
  // Ends a stream; with `event`, it is known until that is taken.
  void retire(Stream& stream, std::optional<Event> event);
  // Of a stream that has ended, the events that are left aren't wanted any more. False: it hasn't.
  bool forget_gone(StreamId id);
  void leave_collaborators(Stream& stream);
  void tell_credit(Stream& stream);
  bool ring_has_room(std::size_t frame_size) const;
  bool ring_makes_room(std::size_t frame_size);
  std::size_t live_streams() const { return streams.size() - gone; }
  void give_back_idle_credit(TimePoint now);
  void note_activity();

  struct CreditHook {
    ListHook& operator()(Stream& stream) const { return stream.credit_due; }
  };

  // A port of a link. Each LISTEN is answered once, so that both sides know which of them an answer
  // is for.
  struct Link {
    bool wanted = false;
    std::uint32_t unanswered = 0;  // LISTENs
  };

  // What is to be said at the next chance, made into frames only then.
  struct Pending {
    bool hello = false;
    std::optional<Resume> resume;
    bool resume_ok = false;
    bool ack = false;
    bool opening_credit = false;
    std::optional<std::uint64_t> pong;
    std::optional<FrameBuilder> go_away;
    std::optional<FrameBuilder> last_words;
  };

  const Role role;
  const Options options;
  SessionKeys keys;
  TimePoint now{};

  CarrierState carrier = CarrierState::kNone;
  bool established = false;
  std::optional<Error> failure;
  bool peer_shuts_down = false;
  std::uint32_t epoch = 0;
  std::uint32_t peer_max_streams = 0;
  std::uint32_t peer_features = 0;
  std::string peer_version;

  FrameReader reader;
  std::uint64_t received = 0;      // sequenced bytes
  std::uint64_t acknowledged = 0;  // of them, told to the peer
  std::optional<TimePoint> ack_at;

  MemoryShare window_memory;
  MemoryShare ring_memory;
  MemoryShare stream_memory;

  ReplayRing ring;
  std::size_t ring_capacity = 0;
  StreamId reserved_for = 0;
  MutableBytes reserved;

  StreamTable streams;
  std::size_t gone = 0;  // of them, in kGone
  CreditBudget budget;
  OpeningCredit opening_credit;
  OpeningClaims opening_claims;
  StreamList<CreditHook> credits_due;
  std::optional<TimePoint> give_back_at;

  std::map<std::uint16_t, Link> links;
  bool ready_wanted = false;
  bool ready_said = false;

  Scheduler scheduler;
  Liveness liveness;
  AckWatch ack_watch;
  RateLimit opens;
  RateLimit resets;
  RateLimit useless;
  // Bytes that the peer may have sent before it heard that their streams are gone.
  std::uint64_t late_allowed = 0;

  Pending pending;
  std::vector<std::uint8_t> control;  // unsequenced frames of the latest take_output()
  EventQueue events;
  Stats totals;
};

}  // namespace ferry::tunnel
