// Two sessions, a daemon's and a proxy's, joined by a simulated carrier in simulated time, with an
// application at each end that sends what it is told, and remembers what it got.
//
// The carrier can be cut after a given number of bytes in either direction (what is on the way is
// lost), stall, and carry as little as one byte at a time. After a cut the daemon resumes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/byte_queue.h"
#include "tunnel/greeting.h"
#include "tunnel/session.h"

namespace ferry::tunnel::testing {

// One end of one stream, as its application sees it.
struct AppStream {
  Target target;
  std::string outbox;           // still to be sent
  std::size_t outbox_done = 0;  // of it, sent
  std::size_t given = 0;        // bytes that it was told to send, in sum
  bool finish_after_outbox = false;
  bool consumes = true;  // takes what comes at once

  std::string received;
  std::size_t looked_at = 0;  // of it, by the test
  std::size_t unconsumed = 0;
  bool answered = false;  // accepted by us or by the peer
  bool finished = false;  // the peer's FIN came
  bool fin_sent = false;
  // "closed", "reset:<reason>", "refused:<reason>:<detail>", "local" (reset here); empty: alive.
  // What comes behind the end, and must not, is added: no other end is equal to it then.
  std::string end;
  Reason reset_with = Reason::kNone;  // where it was reset here

  bool may_use() const { return end.empty(); }
};

// The links of one end, as its application sees them.
struct AppLinks {
  std::set<std::uint16_t> listens;               // the proxy's: its listeners
  std::set<std::uint16_t> refuses;               // the proxy's: it can't listen there
  std::map<std::uint16_t, std::string> results;  // the daemon's: "ok", or "<reason>:<detail>"
  bool peer_ready = false;                       // the proxy's
};

class Endpoint {
 public:
  Endpoint(Role role, Options options, MemoryBudget* memory = nullptr);

  Session& session() { return *session_; }
  // A session that never got its greeting answered is thrown away.
  void renew();

  StreamId open(const std::string& host, TimePoint now);
  void send(StreamId stream, const std::string& data);
  void finish(StreamId stream);
  void reset(StreamId stream, Reason reason = Reason::kCancelled);
  void consume(StreamId stream, std::size_t n);
  AppStream& stream(StreamId id) { return streams_[id]; }
  std::map<StreamId, AppStream>& streams() { return streams_; }

  // Handles all events. Returns whether there were any.
  bool drain();
  // Puts as much of the outbox into the ring as the session takes.
  void push(StreamId id);

  // What to do with a stream that the peer opened; accepts it, unless set.
  std::function<void(Endpoint&, StreamId)> on_opened;
  AppLinks links;
  bool established = false;
  int resumed = 0;
  bool carrier_dead = false;
  int doubts = 0;
  std::optional<GoingAway> going_away;
  std::optional<Error> failure;
  std::vector<StreamId> sendable_order;

 private:
  void on_event(const Event& event);
  void end(StreamId id, const std::string& how);
  void on_data(const Data& data);

  Role role_;
  Options options_;
  MemoryBudget* memory_;
  std::unique_ptr<Session> session_;
  std::map<StreamId, AppStream> streams_;
};

inline constexpr SessionKeys kTestKeys{{1, 2, 3}, {4, 5, 6}};
// Stands for HMAC(secret, exporter of the carrier with this number).
Proof proof_for(const Secret& secret, std::uint32_t carrier);

// One direction of the carrier.
struct Wire {
  ByteQueue bytes;
  std::uint64_t delivered = 0;     // ever, over all carriers
  std::deque<std::uint64_t> cuts;  // cut the carrier when `delivered` gets there, lowest first
  bool stalled = false;            // takes bytes, delivers none
  std::size_t capacity = std::size_t{1} << 20;  // takes no more than this
};

class Pair {
 public:
  explicit Pair(Options options = {}) : Pair(options, options) {}
  // `memory`: the proxy's, which other pairs may share; `daemon_memory`: likewise.
  Pair(Options daemon_options, Options proxy_options, MemoryBudget* memory = nullptr,
       MemoryBudget* daemon_memory = nullptr);

  // Connects, and exchanges HELLOs.
  void establish();
  // A new carrier, as the daemon starts it: HELLO or RESUME.
  void connect();
  void cut();
  // Moves bytes and time until nothing happens any more, reconnecting after each cut. False: gave
  // up after too many steps.
  bool run();
  // One round: output, delivery, events at both ends. False: nothing moved.
  bool step();
  // Lets time pass, firing time-outs as they come due.
  void pass(Duration duration);

  Endpoint daemon;
  Endpoint proxy;
  Wire up;    // daemon to proxy
  Wire down;  // proxy to daemon
  TimePoint now{std::chrono::hours(1)};
  Duration step_time = std::chrono::microseconds(50);
  // How much is taken off a session, or delivered, at once.
  std::function<std::size_t()> take_size = [] { return std::size_t{256} * 1024; };
  std::function<std::size_t()> deliver_size = [] { return std::size_t{256} * 1024; };
  bool connected = false;
  bool reconnects = true;
  int carriers = 0;

  // Whether the RESUMEs of lost carriers get to the proxy after all, behind or ahead of newer ones,
  // and again, and copied to other connections.
  bool repeats_resumes = false;
  int resumes_refused = 0;  // of those
  // What a repeated RESUME did that it must not; empty: nothing.
  std::string resume_fault;

 private:
  // What the daemon said on a carrier.
  struct SaidResume {
    Session::ResumeRequest request;
    std::uint32_t carrier = 0;
  };

  bool take(Endpoint& from, Wire& wire);
  bool deliver(Endpoint& to, Wire& wire);
  void greet(Bytes bytes);
  bool fire_timeouts();
  void say_resume();
  void repeat_resumes();
  // Over a connection that `carrier`'s proof is good for.
  void repeat(const SaidResume& said, std::uint32_t carrier);

  std::vector<SaidResume> said_;
  bool greeted_ = false;  // the proxy knows what this carrier is for
  ByteQueue greeting_;    // what came before that
};

}  // namespace ferry::tunnel::testing
