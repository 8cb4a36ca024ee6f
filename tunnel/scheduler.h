// Whose data goes next into the ring.
//
// At most `limit` bytes wait there for the carrier, so that the choice is made late. Streams that
// are new or send little go first, and a little beyond the limit; the others take turns (deficit
// round robin, 16 KiB a turn). Where sparse streams alone could fill the carrier, the others get a
// turn after each 64 KiB of theirs. A stream that is refused waits here, and is told when its turn
// came: that is a grant, and holds its room open until the stream sends, or for kGrantKept.
#pragma once

#include <cstddef>
#include <optional>

#include "base/time.h"
#include "tunnel/list.h"
#include "tunnel/stream.h"

namespace ferry::tunnel {

class Scheduler {
 public:
  static constexpr std::size_t kQuantum = std::size_t{16} * 1024;
  static constexpr std::size_t kSparseExtra = std::size_t{64} * 1024;  // beyond the limit
  static constexpr std::size_t kSparseRun = std::size_t{64} * 1024;    // before a bulk turn is due
  static constexpr Duration kSparseIdle = std::chrono::milliseconds(10);
  static constexpr Duration kGrantKept = std::chrono::milliseconds(50);

  explicit Scheduler(std::size_t limit) : limit_(limit) {}

  // Whether the stream may put a frame into the ring now, where `unsent` bytes wait already.
  bool may_send(Stream& stream, std::size_t unsent, TimePoint now);
  // It wants to, and could not: it gets a turn.
  void wait(Stream& stream);
  // It did: n bytes. 0: it had nothing to send after all.
  void sent(Stream& stream, std::size_t n, TimePoint now);
  void remove(Stream& stream);

  // The next stream to tell that it may send; nullptr: none may.
  Stream* grant(std::size_t unsent, TimePoint now);

  // When grants that nobody came for are to be forgotten.
  std::optional<TimePoint> deadline() const;
  void on_timeout(TimePoint now);

 private:
  struct TurnHook {
    ListHook& operator()(Stream& stream) const { return stream.turn.hook; }
  };
  using Queue = StreamList<TurnHook>;

  bool is_sparse(Stream& stream, TimePoint now) const;
  bool owes_bulk() const { return !bulk_.empty() && sparse_run_ >= kSparseRun; }
  bool waits(Stream& stream) const { return stream.turn.hook.linked(); }
  void end_grant(Stream& stream);
  Stream* give(Queue& queue, Stream& stream, TimePoint now);
  std::size_t promised(std::size_t unsent) const { return unsent + grants_ * kQuantum; }

  const std::size_t limit_;
  Queue sparse_;
  Queue bulk_;
  std::size_t grants_ = 0;
  std::size_t sparse_run_ = 0;  // bytes of sparse streams since the last bulk turn
  TimePoint granted_at_{};      // the latest
};

}  // namespace ferry::tunnel
