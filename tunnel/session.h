// One session between a daemon and a proxy: many byte streams over one carrier at a time, as a pure
// state machine.
//
// No sockets, no clock, no threads, no logging inside. Bytes from the carrier go in through
// receive(), bytes for the carrier come out through take_output(), time is passed in, and what
// happened is drained with poll_event(). The carrier (a TLS connection) may be lost and replaced:
// detach(), then attach()/resume(); streams live on, no byte lost or doubled. The wire format, its
// limits and their reasons are in README.md beside this file.
//
// After any call that takes `now`, and after reserve()/commit()/open()/finish()/reset()/consumed(),
// the caller drains poll_event(), offers the carrier take_output() when it can write, and re-arms
// its timer from next_timeout().
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "tunnel/memory_budget.h"
#include "tunnel/types.h"

namespace ferry::tunnel {

// --- events, in the order in which they happened -------------------------------------------------

// The peer's HELLO arrived (once), or a RESUME was agreed on (each time): the session carries data.
struct Established {
  bool resumed = false;
  std::string peer_version;
};
// The peer opened a stream. Answer with accept() or refuse(); data may follow before that.
struct Opened {
  StreamId stream = 0;
  Target target;
};
struct Accepted {  // OPEN_OK for a stream of ours
  StreamId stream = 0;
};
struct Refused {  // OPEN_FAIL for a stream of ours; the stream is gone
  StreamId stream = 0;
  Reason reason = Reason::kNone;
  std::string detail;  // the resolver's or the kernel's words
};
// Bytes of a stream, in order. `data` points into what receive() was given or into the session, and
// is valid until the next receive(). Each byte is to be given back by consumed() once its
// destination took it.
struct Data {
  StreamId stream = 0;
  Bytes data;
};
struct Finished {  // the peer's FIN: no more data comes, sending goes on to work
  StreamId stream = 0;
};
struct Reset {  // the stream is gone
  StreamId stream = 0;
  Reason reason = Reason::kNone;
};
// reserve() came back empty before, and now would not: resume reading that stream's socket. Emitted
// in the scheduler's order.
struct Sendable {
  StreamId stream = 0;
};
// Both directions ended in order, all is consumed, and the id is no longer known.
struct Closed {
  StreamId stream = 0;
};
struct GoingAway {  // the peer wants this carrier (or itself) gone soon
  Reason reason = Reason::kNone;
  Duration reconnect_in{};
};
// The daemon's: the answer to the latest listen() of a port. Not ok: nothing listens there, and it
// may be asked for again.
struct ListenResult {
  std::uint16_t port = 0;
  bool ok = false;
  Reason reason = Reason::kNone;
  std::string detail;  // the kernel's words
};
// The proxy's: listen on this port. Each is to be answered once, now or later, with listening() or
// not_listening(), also when UnlistenRequested came in between.
struct ListenRequested {
  std::uint16_t port = 0;
};
struct UnlistenRequested {  // the proxy's: no more of this port
  std::uint16_t port = 0;
};
struct PeerReady {  // the proxy's: whether the daemon's side takes callers; false until it says so
  bool ready = false;
};
// The carrier doesn't answer; another one may well be tried while it is waited for.
struct CarrierInDoubt {};
// The carrier gave no sign of life, or for very long no answer: drop it and detach().
struct CarrierDead {};
// The session is over (protocol broken, resume refused, version mismatch): every stream is gone.
// Last event.
struct Failed {
  Error error;
};

using Event = std::variant<Established, Opened, Accepted, Refused, Data, Finished, Reset, Sendable,
                           Closed, GoingAway, ListenResult, ListenRequested, UnlistenRequested,
                           PeerReady, CarrierInDoubt, CarrierDead, Failed>;

struct Stats {
  std::uint64_t bytes_sent = 0;  // stream payload, each byte once
  std::uint64_t bytes_received = 0;
  std::uint32_t streams = 0;  // open now
  std::uint32_t resumes = 0;
  std::optional<Duration> round_trip;  // latest, from PING
  std::size_t ring_bytes = 0;          // sent and not acknowledged
  std::size_t ring_memory = 0;         // held for them
  std::size_t credit_granted = 0;      // what the peer may send before anything more is consumed
};

class Session {
 public:
  // `keys` for Role::kProxy only (the daemon learns them from HELLO). `memory`: what all sessions
  // of the process may hold together; it must outlive the session. Null: no such bound.
  Session(Role role, Options options, SessionKeys keys = {}, MemoryBudget* memory = nullptr);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // --- the carrier ---
  // A first carrier is there. The daemon's side says HELLO; the proxy's waits for it.
  void attach(TimePoint now);
  // Daemon: a further carrier is there; says RESUME. `proof` = HMAC-SHA256(keys().secret, TLS
  // exporter of the new carrier).
  void resume(const Proof& proof, TimePoint now);
  // Proxy: a further carrier said RESUME (see greeting.h); `expected` computed likewise. Checks
  // proof, epoch and offset before anything of the old carrier is given up. On success the old
  // carrier is fenced: the caller closes it, and goes on with receive() of what followed the
  // RESUME. On an error the caller answers that carrier with encode_resume_fail() and closes it;
  // the session goes on where it is (kUnauthenticated: wrong proof; kConflict: an epoch that is
  // past), or is over (kGone: the offset cannot be replayed from, or it was over before).
  struct ResumeRequest {
    SessionId id{};
    std::uint32_t epoch = 0;
    Proof proof{};
    std::uint64_t received = 0;
  };
  Status accept_resume(const ResumeRequest& request, const Proof& expected, TimePoint now);
  // The carrier is lost. Streams live on; what they send waits in the ring.
  void detach(TimePoint now);

  // Bytes that came from the carrier, any number at any boundary; they have to stay where they are
  // until poll_event() is drained. An error is a protocol fault of the peer; Failed follows as an
  // event. After that take_output() still gives the last words for the peer, if there are any.
  Status receive(Bytes bytes, TimePoint now);
  // Appends to `pieces` at most about `max` bytes to send now, and counts them as sent. The pieces
  // are valid until the next call of any non-const member. Returns their sum; 0: nothing to send.
  std::size_t take_output(std::size_t max, std::vector<Bytes>& pieces, TimePoint now);
  bool wants_output() const;

  std::optional<TimePoint> next_timeout() const;
  void on_timeout(TimePoint now);
  // Probe the carrier now (after a sleep or a network change).
  void probe(TimePoint now);

  std::optional<Event> poll_event();

  // --- streams ---
  // Opens a stream; it may send at once. Works while detached, too. Error: kExhausted (max_streams,
  // ids used up, ring full), kUnavailable (not yet established, failed, or the peer shuts down),
  // kInvalid (target out of its range, or of a kind that is the other side's), kUnsupported (an
  // older peer doesn't know this kind).
  Result<StreamId> open(const Target& target, TimePoint now);
  void accept(StreamId stream);
  // No further event for this stream.
  void refuse(StreamId stream, Reason reason, std::string_view detail);

  // A place of 1 to 16376 bytes for this stream's next data, in the replay ring itself; empty when
  // it may not send now (credit, ring, unsent limit): Sendable follows. End it with commit(), n = 0
  // gives it back, before any other non-const call.
  MutableBytes reserve(StreamId stream);
  void commit(StreamId stream, std::size_t n);
  // No more data from us (FIN, behind what was committed). Receiving goes on.
  void finish(StreamId stream);
  // Both directions end at once; no further event for this stream.
  void reset(StreamId stream, Reason reason);
  // The destination took n bytes of what Data brought: gives the peer that much credit.
  void consumed(StreamId stream, std::size_t n);

  // --- links (reverse): the proxy listens, and opens a stream for each caller ---
  // Daemon: asks for it; ListenResult follows. Kept over resumes, unknown to a new session. Asked
  // for already: nothing happens. Works while detached. Errors: kInvalid (port 0), kUnavailable
  // (not yet established, failed), kExhausted (kMaxLinks, ring full), kUnsupported (an older peer).
  Status listen(std::uint16_t port);
  void unlisten(std::uint16_t port);
  // Daemon: whether the local side takes callers. The latest counts; false until said.
  void set_ready(bool ready);
  // Proxy: the answers to ListenRequested.
  void listening(std::uint16_t port);
  void not_listening(std::uint16_t port, Reason reason, std::string_view detail);

  // Tells the peer to go elsewhere (proxy: draining).
  void go_away(Reason reason, Duration reconnect_in);

  // --- what is ---
  bool established() const;  // HELLO was exchanged, ever
  bool attached() const;     // there is a carrier
  bool in_doubt() const;     // CarrierInDoubt came, and no answer since
  bool failed() const;
  const SessionKeys& keys() const;
  Stats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ferry::tunnel
