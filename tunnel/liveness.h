// Whether the carrier is alive, and how long a round trip takes.
//
// Silence is answered with a PING: after ping_idle, or after answer_idle while the peer owes an
// acknowledgement (`awaiting`); in that case a peer that talks is asked now and then as well. A
// PING without any sign of life puts the carrier in doubt; two of them are the end. So is one that
// a peer that goes on talking leaves unanswered for pong_patience. A process that was itself asleep
// (a deadline long past) asks again before it judges.
//
// While an acknowledgement is owed, a few bytes that acknowledge and answer nothing are no end of
// silence. Behind an outage they may be the peer's own PING, sent in the middle of it, while what
// goes to the peer waits for the kernel to repeat itself, for as long as the outage lasted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "tunnel/types.h"

namespace ferry::tunnel {

class Liveness {
 public:
  explicit Liveness(const Options& options) : options_(options) {}

  void start(TimePoint now);        // a new carrier, nothing heard yet
  void established(TimePoint now);  // the greeting is done
  void stop();                      // no carrier
  void heard(TimePoint now, std::size_t bytes);
  void acknowledged(TimePoint now);  // something new: the way there is open, if slow
  void probe(TimePoint now);         // ask now

  // To be called with every new `now`: true when it is so far past a judgement that we, not the
  // carrier, must have been away. Asks then. That time doesn't count as patience either.
  bool wake(TimePoint now);

  enum class Verdict : std::uint8_t { kAlive, kInDoubt, kDead };  // kInDoubt: told once
  Verdict on_timeout(TimePoint now, bool awaiting);
  std::optional<TimePoint> deadline(bool awaiting) const;
  // Since kInDoubt, until what was asked is answered: signs of life may have been under way before,
  // and tell nothing about the other direction.
  bool in_doubt() const { return unanswered_; }

  // A PING is wanted now (wants_ping), or could ride along with other output (may_sample).
  bool wants_ping() const { return ping_wanted_; }
  bool may_sample(TimePoint now) const;
  std::uint64_t ping(TimePoint now);  // the number for the PING that is sent now
  // Whether it answers the question, for the first time: a PING, and those sent while it wasn't
  // answered. The carrier keeps the order, so an answer to one of them says that the first has
  // come.
  bool pong(std::uint64_t number, TimePoint now);
  // The shortest of the last few: what an outage delayed says nothing about the way.
  std::optional<Duration> round_trip() const { return round_trip_; }

 private:
  enum class State : std::uint8_t { kOff, kGreeting, kIdle, kProbing };
  void begin_probing(TimePoint now, bool owed);
  void flows(TimePoint now);
  std::optional<TimePoint> asks_talker_at() const;
  std::optional<TimePoint> patience_ends() const;
  void take_sample(Duration round_trip);
  // At least three round trips (not more than ping_timeout: one slow answer is no long way).
  Duration answerable(Duration time) const;

  const Options& options_;
  State state_ = State::kOff;
  int misses_ = 0;
  bool owed_ = false;      // kProbing: for the sake of an acknowledgement
  bool in_doubt_ = false;  // kProbing: it was told
  bool unanswered_ = false;
  std::uint64_t doubt_ping_ = 0;  // what the doubt waits for: the answer to this one, or later
  bool ping_wanted_ = false;
  TimePoint heard_at_{};    // kIdle: the latest sign of life
  TimePoint flowing_at_{};  // the latest that was more than a few bytes, or an answer
  TimePoint asked_at_{};    // kProbing
  TimePoint deadline_{};    // kGreeting, kProbing
  std::uint64_t last_ping_ = 0;
  std::optional<TimePoint> ping_sent_;  // the latest, and it is not answered
  struct Question {
    std::uint64_t first_ping = 0;
    TimePoint sent;
    TimePoint since;  // or since we know that the peer had no chance before
  };
  std::optional<Question> question_;  // not answered
  TimePoint answered_at_{};           // the latest
  static constexpr std::size_t kSamples = 4;
  std::array<Duration, kSamples> samples_{};
  std::size_t sampled_ = 0;  // on this carrier
  std::optional<Duration> round_trip_;
};

}  // namespace ferry::tunnel
