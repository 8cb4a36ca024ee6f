// How much a peer may send: the credit of one stream, and the budget that all of them share.
//
// Credit is absolute: the count of a stream's bytes that may have been sent since it was opened. It
// only grows, so it can be said again, late or twice. What was granted and is not consumed yet is
// the stream's exposure: in the worst case we hold that much for it. The budget bounds the sum:
//
//   exposure of all streams + opening credit not yet claimed <= budget + streams * min_credit
//
// A stream beyond the budget still gets min_credit, so that everyone moves on. The first min_credit
// of each stream is therefore not charged: ten thousand idle ones leave the budget to who is busy.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "tunnel/memory_budget.h"
#include "tunnel/types.h"

namespace ferry::tunnel {

class CreditBudget {
 public:
  // `memory`: the session's share of the process' windows. Both must outlive the budget.
  CreditBudget(const Options& options, MemoryShare& memory) : options_(options), memory_(memory) {}

  const Options& options() const { return options_; }
  std::size_t granted() const { return granted_; }
  std::size_t spare() const { return spare_of(options_.window_budget); }
  std::size_t spare_of_process() const { return memory_.spare(); }
  // Credit that is no stream's yet.
  void take(std::size_t n) {
    granted_ += n;
    charge(n);
  }
  void give_back(std::size_t n) {
    granted_ -= n;
    refund(n);
  }
  // One stream's exposure is another.
  void change(std::size_t before, std::size_t after) {
    granted_ = granted_ - before + after;
    refund(beyond_the_least(before));
    charge(beyond_the_least(after));
  }

  // What a new stream's window starts with: less as the budget fills, so that the last quarter is
  // left to windows that grow because they are used.
  std::size_t first_window() const;

 private:
  std::size_t spare_of(std::size_t total) const {
    return total > charged_ ? std::min(total - charged_, memory_.spare()) : 0;
  }
  std::size_t beyond_the_least(std::size_t exposure) const {
    return exposure > options_.min_credit ? exposure - options_.min_credit : 0;
  }
  void charge(std::size_t n) {
    charged_ += n;
    memory_.take(n);
  }
  void refund(std::size_t n) {
    charged_ -= n;
    memory_.give_back(n);
  }

  const Options& options_;
  MemoryShare& memory_;
  std::size_t granted_ = 0;
  std::size_t charged_ = 0;  // of it, beyond the least of each stream
};

// The receiver's side of one stream.
class ReceiveWindow {
 public:
  // `granted`: what the peer may send already.
  void open(std::size_t granted, std::size_t window, CreditBudget& budget, TimePoint now);

  std::uint64_t limit() const { return limit_; }
  std::size_t size() const { return window_; }
  std::size_t unconsumed() const { return static_cast<std::size_t>(received_ - consumed_); }
  std::size_t unused() const { return static_cast<std::size_t>(limit_ - received_); }
  std::size_t exposure() const { return static_cast<std::size_t>(limit_ - consumed_); }

  // n bytes came. False: more than the credit.
  bool receive(std::size_t n);
  // The peer gives up n bytes of its credit. False: more than it has.
  bool skip(std::size_t n, CreditBudget& budget);
  // n bytes are gone from memory (at most unconsumed()). True: limit() grew, and is to be told.
  bool consume(std::size_t n, CreditBudget& budget, TimePoint now, Duration round_trip);
  // Grows limit() toward the window where enough of it is used up. True: it grew.
  bool replenish(CreditBudget& budget);
  // No more comes: the credit that isn't used is free.
  void finish(CreditBudget& budget);
  // The stream is gone.
  void close(CreditBudget& budget);

 private:
  void grow_if_fast(CreditBudget& budget, TimePoint now, Duration round_trip);
  // The exposure was another before.
  void tell(CreditBudget& budget, std::size_t before) const { budget.change(before, exposure()); }

  std::uint64_t limit_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t consumed_ = 0;
  std::size_t window_ = 0;
  TimePoint measured_from_{};  // since when, and from which byte on, its use is measured
  std::uint64_t measured_byte_ = 0;
  bool finished_ = false;
};

// The receiver's side of opening credit: how much the peer may claim, in sum, for data that it
// sends on new streams before it heard of any credit of theirs. Absolute like a stream's.
class OpeningCredit {
 public:
  void open(CreditBudget& budget);
  std::uint64_t limit() const { return limit_; }  // at first, said in HELLO
  // A new stream claims n bytes: they are its exposure from now on, and no longer charged here.
  // False: more than allowed.
  bool claim(std::size_t n, CreditBudget& budget);
  // Raises limit() if there is room for it and it is worth a frame. True: it was raised.
  bool replenish(CreditBudget& budget);

 private:
  // The whole of what is allowed ahead.
  static std::size_t full(const CreditBudget& budget) { return budget.options().window_budget / 8; }
  std::size_t left() const { return static_cast<std::size_t>(limit_ - claimed_); }

  std::uint64_t limit_ = 0;
  std::uint64_t claimed_ = 0;
};

// The opener's side of it.
class OpeningClaims {
 public:
  // The limit in HELLO.
  void open(std::uint64_t limit);
  // False: lower than it was.
  bool raise(std::uint64_t limit);
  // Takes a share for one more stream: `wanted` while there is plenty, less and less after that.
  std::uint32_t claim(std::size_t wanted);

 private:
  std::uint64_t limit_ = 0;
  std::uint64_t claimed_ = 0;
  std::uint64_t kept_for_small_ = 0;
};

}  // namespace ferry::tunnel
