// Whether the peer acknowledges what it has. One that doesn't would keep our replay ring full, and
// the sockets that feed it paused, for as long as it likes.
//
// A carrier keeps the order: who answers a PING has all that was sent before it, however slow the
// way is. So only answers are judged, by what was known when they were asked for; neither time in
// which nothing came through, nor one in which we were asleep ourselves, counts.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace ferry::tunnel {

class AckWatch {
 public:
  // `patience`: of a peer that has something and acknowledges nothing new.
  explicit AckWatch(Duration patience) : patience_(patience) {}

  // A PING is sent now, behind all bytes before the offset `sent`. More of them, until an answer
  // comes, are the same question.
  void asked(std::uint64_t sent, TimePoint now) {
    if (!asked_) asked_ = Asked{sent, now};
  }
  // It was answered; everything before `acked` is acknowledged by now. False: it was asked for
  // after the end of patience, and still nothing new is.
  bool answered(std::uint64_t acked, TimePoint now);
  // What was asked on the carrier before will not be answered any more.
  void forget_question() { asked_.reset(); }

 private:
  struct Asked {
    std::uint64_t sent = 0;
    TimePoint at;
  };
  struct Owing {
    std::uint64_t acked = 0;
    TimePoint since;
  };

  const Duration patience_;
  std::optional<Asked> asked_;
  std::optional<Owing> owing_;
};

}  // namespace ferry::tunnel
